import { request } from 'node:http'
import { atLeast, type Bench, type BenchRow, below } from './bench.ts'
import { cpuSeconds, rssMiB } from './cpu-seconds.ts'
import { type Served, serveEcho, serveWeft } from './serve-bench.ts'

const size = 100 * 1024 * 1024
const chunk = Buffer.alloc(64 * 1024, 'x')

/** Sends 100 MB and reads as many back; gives the bytes that came. */
function echo({ url }: Served): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0
    const sent = request(new URL('/echo', url), { method: 'POST' }, (answer) => {
      answer.on('data', (bytes: Buffer) => {
        received += bytes.length
      })
      answer.on('end', () => resolve(received))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    let left = size
    const write = () => {
      while (left > 0) {
        left -= chunk.length
        if (!sent.write(chunk)) {
          sent.once('drain', write)
          return
        }
      }
      sent.end()
    }
    write()
  })
}

const rounds = 6

/** CPU seconds of a server for one echo, and what its memory grew by at most. */
class Meter {
  readonly #served: Served
  readonly #begin: number
  #highest: number
  #cpu = 0

  private constructor(served: Served, rss: number) {
    this.#served = served
    this.#begin = rss
    this.#highest = rss
  }

  /** After some echoes to warm up. */
  static async of(served: Served): Promise<Meter> {
    await echo(served)
    await echo(served)
    return new Meter(served, await rssMiB(served.pid))
  }

  async round(): Promise<void> {
    const { pid } = this.#served
    const watch = setInterval(async () => {
      this.#highest = Math.max(this.#highest, await rssMiB(pid))
    }, 20)
    try {
      const before = await cpuSeconds(pid)
      const bytes = await echo(this.#served)
      if (bytes !== size) throw new Error(`${bytes} bytes came back of ${size}`)
      this.#cpu += (await cpuSeconds(pid)) - before
    } finally {
      clearInterval(watch)
    }
  }

  get cpu(): number {
    return this.#cpu / rounds
  }

  get grown(): number {
    return this.#highest - this.#begin
  }
}

export const benches: readonly Bench[] = [
  {
    name: 'stream-100mb',
    async run() {
      const served = [
        await serveEcho(),
        await serveWeft('test/guests/http-hello-p2/http-hello-p2.wasm'),
        await serveWeft('test/guests/http-hello-p3/http-hello-p3.wasm'),
      ]
      try {
        const meters = await Promise.all(served.map((one) => Meter.of(one)))
        // In turn: what else the machine does meets them all.
        for (let round = 0; round < rounds; round++) for (const meter of meters) await meter.round()
        const [plain, ...guests] = meters
        return guests.flatMap((weft, at) => rows(at === 0 ? '' : ' p3', weft, plain))
      } finally {
        await Promise.all(served.map((one) => one.close()))
      }
    },
  },
]

function rows(name: string, weft: Meter, plain: Meter | undefined): BenchRow[] {
  const { cpu = 0, grown = 0 } = plain ?? {}
  return [
    atLeast(0.5, {
      bench: `stream-100mb${name}`,
      value: weft.cpu,
      unit: 's CPU',
      baseline: cpu,
      ratio: cpu / weft.cpu,
    }),
    below(64, { bench: `stream-100mb${name} growth`, value: weft.grown, unit: 'MiB', baseline: grown }),
  ]
}
