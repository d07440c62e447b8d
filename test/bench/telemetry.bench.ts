import { setTimeout as delay } from 'node:timers/promises'
import { atMost, type Bench, type BenchRow, quantile } from './bench.ts'
import { cpuMicros } from './cpu-seconds.ts'
import { httpLoad } from './http-load.ts'
import { type Served, serveAlone, serveBare, serveWeft } from './serve-bench.ts'

const guest = 'test/guests/kv-p2/kv-p2.wasm'
const connections = 16
/** Of each kind of host: V8 optimizes no two processes alike, and the best one counts. */
const copies = 3
/** Until V8 has optimized what a request passes. */
const warmSeconds = 4
/** Others are measured in between: what a process does after such a pause weighs little in a slice that is long. */
const sliceSeconds = 1
const slices = 6
/** Longer than spans wait on their thread. */
const settleMs = 220

/**
 * What telemetry adds to a request that goes HTTP → component → key-value store, in CPU time of all threads of the host,
 * export to a collector included, beside what a bare `node:http` takes for a request in the same run: with everything on,
 * and with one trace in a hundred sampled. The store is in the host's memory: one behind NATS costs ten times of what is
 * measured here.
 */
const overhead: Bench = {
  name: 'telemetry-overhead',
  async run(): Promise<readonly BenchRow[]> {
    await using started = new AsyncDisposableStack()
    const open = async (serving: Promise<Served>) => {
      const served = await serving
      started.defer(() => served.close())
      return served
    }
    const collector = await open(serveAlone('collector.ts'))
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    const share = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }
    const weft = async (env: NodeJS.ProcessEnv) => {
      const served = await open(serveWeft(guest, { env, keyvalue: true }))
      return { ...served, url: `${served.url}get?nothing` }
    }
    const kinds = [{ OTEL_SDK_DISABLED: 'true' }, traced, { ...traced, ...share }]
    const all: { readonly kind: number; readonly served: Served; readonly costs: number[] }[] = [
      { kind: 0, served: await open(serveBare()), costs: [] },
    ]
    for (let copy = 0; copy < copies; copy += 1) {
      for (const [index, env] of kinds.entries())
        all.push({ kind: index + 1, served: await weft(env), costs: [] })
    }
    for (const { served } of all) await httpLoad(served.url, { connections, seconds: warmSeconds })
    // Short turns, to and fro, so that what else the machine does meets all of them.
    for (let slice = 0; slice < slices; slice += 1) {
      for (const { served, costs } of slice % 2 === 0 ? all : all.toReversed())
        costs.push(await costOfSlice(served))
    }
    const costOf = (wanted: number) =>
      Math.min(...all.filter(({ kind }) => kind === wanted).map(({ costs }) => quiet(costs)))
    const [bare, off, on, sampled] = [costOf(0), costOf(1), costOf(2), costOf(3)]
    const row = (bench: string, value: number) => ({
      bench,
      value,
      unit: 'µs CPU/req',
      baseline: bare,
      ratio: value / bare,
    })
    return [
      atMost(0.3, row('telemetry-overhead', on - off)),
      atMost(0.08, row('telemetry-sampled', sampled - off)),
      row('telemetry-off', off),
    ]
  },
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
