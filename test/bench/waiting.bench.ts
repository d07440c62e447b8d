import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'
import { atMost, type Bench, quantile } from './bench.ts'

const rounds = 7
const callsPerRound = 3200

/** Requests whose guest waits for a key-value store: many that wait at once are to cost no more than a few. */
const waiting: Bench = {
  name: 'waiting-calls',
  async run() {
    const guests = await openGuests()
    try {
      const component = await guests.load('test/guests/kv-p2/kv-p2.wasm')
      const services = fakeServices({
        invoke: () => new Promise((answer) => setImmediate(() => answer({ tag: 'ok', val: undefined }))),
      })
      const micros = async (atOnce: number) => {
        const before = process.cpuUsage()
        for (let done = 0; done < callsPerRound; done += atOnce)
          await Promise.all(
            Array.from({ length: atOnce }, () => fetchFrom(component, '/get?k', { services })),
          )
        const { user, system } = process.cpuUsage(before)
        return (user + system) / callsPerRound
      }
      for (const atOnce of [4, 16, 64]) await micros(atOnce)
      const [few, some, many]: [number[], number[], number[]] = [[], [], []]
      for (let round = 0; round < rounds; round++) {
        few.push(await micros(4))
        some.push(await micros(16))
        many.push(await micros(64))
      }
      const row = (atOnce: number, taken: readonly number[]) => {
        const [value, baseline] = [quantile(taken, 0.5), quantile(few, 0.5)]
        const bench = `waiting-calls ${atOnce}`
        return atMost(1.5, { bench, value, unit: 'µs CPU', baseline, ratio: value / baseline })
      }
      return [row(16, some), row(64, many)]
    } finally {
      await guests.close()
    }
  },
}

export const benches: readonly Bench[] = [waiting]
