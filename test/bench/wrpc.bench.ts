import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect, type NatsConnection } from 'nats'
import { startNats } from '../support/start-nats.ts'
import { connectPeer, type Peer } from '../wrpc/peers.ts'
import { atLeast, type Bench, type BenchRow, quantile } from './bench.ts'

const rounds = 7
const roundMs = 400
const mebibyte = 1024 * 1024

/** Both sides of a comparison, on connections of their own to one server, with the far ends in another process. */
interface Sides {
  readonly raw: NatsConnection
  readonly peer: Peer
}

async function withSides<T>(work: (sides: Sides) => Promise<T>): Promise<T> {
  const nats = await startNats()
  const server = spawn(process.execPath, [join(import.meta.dirname, 'wrpc-server.ts'), nats.url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(server, 'exit')
  try {
    await Promise.race([
      once(server.stdout, 'data'),
      ended.then(() => Promise.reject(new Error('no server'))),
    ])
    const sides = { raw: await connect({ servers: nats.url }), peer: await connectPeer(nats.url) }
    try {
      return await work(sides)
    } finally {
      await sides.raw.close()
      await sides.peer.connection.close()
    }
  } finally {
    server.kill()
    await ended
    await nats.stop()
  }
}

/** How often a second `call` ends, with so many under way at any moment. */
async function rate(inFlight: number, call: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  const end = start + roundMs
  let count = 0
  const worker = async () => {
    while (performance.now() < end) {
      await call()
      count += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
  return (count / (performance.now() - start)) * 1000
}

/** Medians of rounds that take turns, so that what else the machine does falls on both. */
async function compared(
  measure: () => Promise<number>,
  measureBase: () => Promise<number>,
): Promise<{ readonly value: number; readonly baseline: number; readonly ratio: number }> {
  const pairs: { value: number; baseline: number }[] = []
  await measure()
  await measureBase()
  for (let round = 0; round < rounds; round++) {
    const value = await measure()
    pairs.push({ value, baseline: await measureBase() })
  }
  const median = (of: (pair: (typeof pairs)[number]) => number) => quantile(pairs.map(of), 0.5)
  return {
    value: median(({ value }) => value),
    baseline: median(({ baseline }) => baseline),
    ratio: median(({ value, baseline }) => value / baseline),
  }
}

async function calls({ raw, peer }: Sides, bound: number, inFlight: number): Promise<BenchRow> {
  const text = 'hello'
  const { signal } = new AbortController()
  const bytes = new TextEncoder().encode(text)
  const measured = await compared(
    () => rate(inFlight, () => peer.call('echo', [text], { signal })),
    () => rate(inFlight, () => raw.request('raw.echo', bytes, { timeout: 5000 })),
  )
  return atLeast(bound, { bench: `wrpc-call × ${inFlight}`, unit: 'calls/s', ...measured })
}

/** MiB a second of one body that goes up as a stream. */
async function bodies({ raw, peer }: Sides, size: number): Promise<BenchRow> {
  const chunk = new Uint8Array(256 * 1024)
  const chunks = () => Array.from({ length: size / chunk.length }, () => chunk)
  async function* stream() {
    yield* chunks()
  }
  const timed = async (work: () => Promise<unknown>) => {
    const start = performance.now()
    await work()
    return size / mebibyte / ((performance.now() - start) / 1000)
  }
  const publish = async () => {
    for (const one of chunks()) raw.publish('raw.upload', one)
    await raw.request('raw.upload', '', { timeout: 20_000 })
  }
  const measured = await compared(
    () => timed(() => peer.call('upload', [stream()], { deadline: Date.now() + 20_000 })),
    () => timed(publish),
  )
  return { bench: `wrpc-body ${size / mebibyte} MiB`, unit: 'MiB/s', ...measured }
}

export const benches: readonly Bench[] = [
  {
    name: 'wrpc-call',
    run: () => withSides(async (sides) => [await calls(sides, 0.6, 1), await calls(sides, 0.7, 64)]),
  },
  {
    name: 'wrpc-body',
    run: () =>
      withSides(async (sides) => [await bodies(sides, mebibyte), await bodies(sides, 16 * mebibyte)]),
  },
]
