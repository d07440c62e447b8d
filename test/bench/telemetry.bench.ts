import { setTimeout as delay } from 'node:timers/promises'
import { atMost, type Bench, type BenchRow, quantile } from './bench.ts'
import { cpuMicros } from './cpu-seconds.ts'
import { httpLoad } from './http-load.ts'
import { type Served, serveAlone, serveBare, serveWeft } from './serve-bench.ts'

const guest = 'test/guests/kv-p2/kv-p2.wasm'
/** Of each variant: code that V8 optimizes once may come out faster or slower. */
const copies = 2
const connections = 16
const warmSeconds = 2
const sliceSeconds = 0.3
const slices = 12
/** Longer than spans wait on their thread. */
const settleMs = 220

type Variant = 'bare' | 'off' | 'on' | 'sampled'

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
    const all = [{ variant: 'bare' as Variant, served: await open(serveBare()) }]
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    const environments = {
      off: { OTEL_SDK_DISABLED: 'true' },
      on: traced,
      sampled: {
        ...traced,
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.01',
      },
    }
    for (let copy = 0; copy < copies; copy += 1) {
      for (const variant of ['off', 'on', 'sampled'] as const) {
        const served = await open(serveWeft(guest, { env: environments[variant], keyvalue: true }))
        all.push({ variant, served: { ...served, url: `${served.url}get?nothing` } })
      }
    }
    const costs: Record<Variant, number[]> = { bare: [], off: [], on: [], sampled: [] }
    for (const { served } of all) await httpLoad(served.url, { connections, seconds: warmSeconds })
    // Short turns, to and fro, so that what else the machine does meets all of them.
    for (let slice = 0; slice < slices; slice += 1) {
      for (const { variant, served } of slice % 2 === 0 ? all : all.toReversed())
        costs[variant].push(await costOfSlice(served))
    }
    const [bare, off, on, sampled] = [costs.bare, costs.off, costs.on, costs.sampled].map(quiet)
    const row = (bench: string, value = Number.NaN, baseline = Number.NaN) => ({
      bench,
      value,
      unit: 'µs CPU/req',
      baseline,
      ratio: value / baseline,
    })
    return [
      atMost(0.3, row('telemetry-overhead', difference(on, off), bare)),
      atMost(0.08, row('telemetry-sampled', difference(sampled, off), bare)),
      row('telemetry-off', off, bare),
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

/** Others on the machine only ever add: the quieter slices say more than those in the middle. */
function quiet(costs: readonly number[]): number {
  return quantile(costs, 0.25)
}

function difference(more = Number.NaN, less = Number.NaN): number {
  return more - less
}

export const benches: readonly Bench[] = [overhead]
