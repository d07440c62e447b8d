import { setTimeout as delay } from 'node:timers/promises'
import { atMost, type Bench, type BenchRow, quantile } from './bench.ts'
import { threadMicros } from './cpu-seconds.ts'
import { httpLoad } from './http-load.ts'
import { type Served, serveAlone, serveBare, serveWeft } from './serve-bench.ts'

const guest = 'test/guests/kv-p2/kv-p2.wasm'
const connections = 16
/** V8 optimizes no two processes alike: each round has new ones, and the one in the middle counts. */
const rounds = 5
/** Until V8 has optimized what a request passes. */
const warmSeconds = 5
/**
 * The machine is faster now, slower then. So the threads that serve are compared in short turns, one kind after the other:
 * what the machine does meets all of them. A turn is longer than spans wait on their thread. What comes less often than in
 * every other turn hardly counts, such as measurements, which the thread hands on every five seconds.
 */
const turnSeconds = 0.5
const turns = 24
/** What the other threads do is little, and comes now and then: after a second spans go to their collector. */
const sliceSeconds = 2
const slices = 3
/** Longer than calls wait to be described, and their spans on their thread, when no more come. */
const settleMs = 460

/** What telemetry is told to do, by the environment of its host. */
const environments = {
  off: () => ({ OTEL_SDK_DISABLED: 'true' }),
  on: (collector: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: collector }),
  sampled: (collector: string) => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.01',
  }),
} satisfies Record<string, (collector: string) => NodeJS.ProcessEnv>

type Kind = 'bare' | keyof typeof environments

/** Who serves, and the thread of it that does. */
interface Serving extends Served {
  readonly thread: string
}

/** Microseconds of CPU that a request takes. */
interface Cost {
  /** On the thread that serves, in each turn. */
  readonly serving: number[]
  /** On the others, and there when all is answered. */
  readonly rest: number[]
}

/**
 * What telemetry adds to a request that goes HTTP → component → key-value store, in CPU time of all threads of the host,
 * export to a collector included, beside what a bare `node:http` takes for a request in the same run: with everything on,
 * and with one trace in a hundred sampled. The store is in the host's memory: one behind NATS costs ten times of what is
 * measured here.
 */
const overhead: Bench = {
  name: 'telemetry-overhead',
  async run(): Promise<readonly BenchRow[]> {
    const all: Record<Kind, Cost>[] = []
    for (let round = 0; round < rounds; round += 1) all.push(await costsOfRound())
    const middle = (pick: (costs: Record<Kind, Cost>) => number) => median(all.map(pick))
    const bare = middle((costs) => total(costs.bare))
    const row = (bench: string, value: number) => ({
      bench,
      value,
      unit: 'µs CPU/req',
      baseline: bare,
      ratio: value / bare,
    })
    return [
      atMost(
        0.3,
        row(
          'telemetry-overhead',
          middle(({ on, off }) => added(on, off)),
        ),
      ),
      atMost(
        0.08,
        row(
          'telemetry-sampled',
          middle(({ sampled, off }) => added(sampled, off)),
        ),
      ),
      row(
        'telemetry-off',
        middle(({ off }) => total(off)),
      ),
    ]
  },
}

/** Starts one of each kind and no more: hosts that idle beside what is measured disturb it. */
async function costsOfRound(): Promise<Record<Kind, Cost>> {
  await using started = new AsyncDisposableStack()
  const open = async (starting: Promise<Served>) => {
    const served = await starting
    started.defer(() => served.close())
    return served
  }
  const collector = await open(serveAlone('collector.ts'))
  const weft = async (kind: keyof typeof environments) => {
    const env = environments[kind](collector.url)
    const served = await open(serveWeft(guest, { env, keyvalue: true }))
    return { ...served, url: `${served.url}get?nothing` }
  }
  const served: Record<Kind, Served> = {
    bare: await open(serveBare()),
    off: await weft('off'),
    on: await weft('on'),
    sampled: await weft('sampled'),
  }
  const kinds = Object.keys(served) as Kind[]
  const all: { readonly serving: Serving; readonly cost: Cost }[] = []
  for (const kind of kinds) all.push({ serving: await warm(served[kind]), cost: { serving: [], rest: [] } })
  for (let turn = 0; turn < turns; turn += 1) {
    for (const { serving, cost } of rotated(all, turn)) cost.serving.push(await costOfTurn(serving))
  }
  for (let slice = 0; slice < slices; slice += 1) {
    for (const { serving, cost } of rotated(all, slice)) cost.rest.push(await costOfRest(serving))
  }
  return Object.fromEntries(all.map(({ cost }, index) => [kinds[index], cost])) as Record<Kind, Cost>
}

/** Each is the first as often as the others: who comes after itself finds its memory in the caches. */
function rotated<T>(list: readonly T[], turn: number): T[] {
  const first = turn % list.length
  return [...list.slice(first), ...list.slice(0, first)]
}

async function warm(served: Served): Promise<Serving> {
  const before = await threadMicros(served.pid)
  await load(served, warmSeconds)
  let thread = ''
  let most = 0
  for (const [id, micros] of await threadMicros(served.pid)) {
    const used = micros - (before.get(id) ?? 0)
    if (used > most) thread = id
    most = Math.max(most, used)
  }
  return { ...served, thread }
}

async function load({ url }: Served, seconds: number): Promise<number> {
  const { requests, errors } = await httpLoad(url, { connections, seconds })
  if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`)
  return requests
}

async function costOfTurn(serving: Serving): Promise<number> {
  const { pid, thread } = serving
  const before = await threadMicros(pid)
  const requests = await load(serving, turnSeconds)
  return ofThread(thread, before, await threadMicros(pid)) / requests
}

async function costOfRest(serving: Serving): Promise<number> {
  const { pid, thread } = serving
  const before = await threadMicros(pid)
  const requests = await load(serving, sliceSeconds)
  const answered = await threadMicros(pid)
  await delay(settleMs)
  const after = await threadMicros(pid)
  let used = ofThread(thread, answered, after)
  for (const other of after.keys()) if (other !== thread) used += ofThread(other, before, after)
  return used / requests
}

type Micros = Awaited<ReturnType<typeof threadMicros>>

function ofThread(thread: string, before: Micros, after: Micros): number {
  return (after.get(thread) ?? 0) - (before.get(thread) ?? 0)
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

function total({ serving, rest }: Cost): number {
  return middleHalf(serving) + median(rest)
}

/** What a request of one takes more than one of the other, turn by turn. */
function added(one: Cost, other: Cost): number {
  const more = one.serving.map((cost, turn) => cost - (other.serving[turn] ?? 0))
  return middleHalf(more) + median(one.rest) - median(other.rest)
}

/** The mean of those in the middle: of what comes in some turns only there is more in it than in the median. */
function middleHalf(values: readonly number[]): number {
  const quarter = Math.floor(values.length / 4)
  const middle = values.toSorted((a, b) => a - b).slice(quarter, values.length - quarter)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}

export const benches: readonly Bench[] = [overhead]
