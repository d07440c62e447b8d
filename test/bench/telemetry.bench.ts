import { setTimeout as delay } from 'node:timers/promises'
import { atMost, type Bench, type BenchRow, quantile } from './bench.ts'
import { cpuMicros } from './cpu-seconds.ts'
import { httpLoad } from './http-load.ts'
import { type Served, serveAlone, serveBare, serveWeft } from './serve-bench.ts'

const guest = 'test/guests/kv-p2/kv-p2.wasm'
const connections = 16
/** V8 optimizes no two processes alike: each round has new ones, and the one in the middle counts. */
const rounds = 7
/** Until V8 has optimized what a request passes. */
const warmSeconds = 5
/**
 * Others are measured in between: what a process does after such a pause weighs little in a slice that is long. In one that
 * is shorter than spans wait for their collector (a second), the requests that bring them there would not count.
 */
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

/** Microseconds of CPU that a request takes, by who serves it. */
type Costs = Record<'bare' | keyof typeof environments, number>

/**
 * What telemetry adds to a request that goes HTTP → component → key-value store, in CPU time of all threads of the host,
 * export to a collector included, beside what a bare `node:http` takes for a request in the same run: with everything on,
 * and with one trace in a hundred sampled. The store is in the host's memory: one behind NATS costs ten times of what is
 * measured here.
 */
const overhead: Bench = {
  name: 'telemetry-overhead',
  async run(): Promise<readonly BenchRow[]> {
    const all: Costs[] = []
    for (let round = 0; round < rounds; round += 1) all.push(await costsOfRound())
    const middle = (pick: (costs: Costs) => number) => quantile(all.map(pick), 0.5)
    const bare = middle((costs) => costs.bare)
    const row = (bench: string, value: number) => ({
      bench,
      value,
      unit: 'µs CPU/req',
      baseline: bare,
      ratio: value / bare,
    })
    const added = middle(({ on, off }) => on - off)
    const addedSampled = middle(({ sampled, off }) => sampled - off)
    return [
      atMost(0.3, row('telemetry-overhead', added)),
      atMost(0.08, row('telemetry-sampled', addedSampled)),
      row(
        'telemetry-off',
        middle(({ off }) => off),
      ),
    ]
  },
}

/** Starts one of each kind and no more: hosts that idle beside what is measured disturb it. */
async function costsOfRound(): Promise<Costs> {
  await using started = new AsyncDisposableStack()
  const open = async (serving: Promise<Served>) => {
    const served = await serving
    started.defer(() => served.close())
    return served
  }
  const collector = await open(serveAlone('collector.ts'))
  const weft = async (kind: keyof typeof environments) => {
    const env = environments[kind](collector.url)
    const served = await open(serveWeft(guest, { env, keyvalue: true }))
    return { ...served, url: `${served.url}get?nothing` }
  }
  const all = {
    bare: await open(serveBare()),
    off: await weft('off'),
    on: await weft('on'),
    sampled: await weft('sampled'),
  }
  const costs: Record<keyof Costs, number[]> = { bare: [], off: [], on: [], sampled: [] }
  const kinds = Object.keys(costs) as (keyof Costs)[]
  for (const kind of kinds) await httpLoad(all[kind].url, { connections, seconds: warmSeconds })
  // Short turns, to and fro, so that what else the machine does meets all of them.
  for (let slice = 0; slice < slices; slice += 1) {
    for (const kind of slice % 2 === 0 ? kinds : kinds.toReversed())
      costs[kind].push(await costOfSlice(all[kind]))
  }
  return {
    bare: quiet(costs.bare),
    off: quiet(costs.off),
    on: quiet(costs.on),
    sampled: quiet(costs.sampled),
  }
}

/** CPU time that one request takes. */
async function costOfSlice({ url, pid }: Served): Promise<number> {
  const before = await cpuMicros(pid)
  const { requests, errors } = await httpLoad(url, { connections, seconds: sliceSeconds })
  await delay(settleMs)
  if (errors > 0) throw new Error(`${errors} of ${requests} requests failed`)
  return ((await cpuMicros(pid)) - before) / requests
}

/** Others on the machine only ever add: the quietest slices say more than those in the middle. */
function quiet(costs: readonly number[]): number {
  return quantile(costs, 0.2)
}

export const benches: readonly Bench[] = [overhead]
