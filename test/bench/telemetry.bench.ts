import { atMost, type Bench, type BenchRow } from './bench.ts'
import { type Measured, measure, type Served, serveAlone, serveBare, serveWeft } from './serve-bench.ts'

const guest = 'test/guests/kv-p2/kv-p2.wasm'
const turns = 5
const load = { seconds: 3, warmSeconds: 1 }

/**
 * What telemetry adds to a request that goes HTTP → component → key-value store, in CPU time of the host, beside what a
 * bare `node:http` takes for a request in the same run: with everything on, and with one trace in a hundred sampled.
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
    const bare = await open(serveBare())
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
    const sampled = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }
    const weft = async (env: NodeJS.ProcessEnv) => {
      const served = await open(serveWeft(guest, { env, keyvalue: true }))
      return { ...served, url: `${served.url}get?nothing` }
    }
    const all = [
      bare,
      await weft({ OTEL_SDK_DISABLED: 'true' }),
      await weft(on),
      await weft({ ...on, ...sampled }),
    ]
    const costs = all.map((): number[] => [])
    // In turns, so that what else the machine does meets all of them.
    for (let turn = 0; turn < turns; turn += 1) {
      for (const [index, served] of all.entries()) costs[index]?.push(costOf(await measure(served, load)))
    }
    const [base = Number.NaN, off = Number.NaN, full = Number.NaN, some = Number.NaN] = costs.map(median)
    const row = (bench: string, value: number) => ({
      bench,
      value,
      unit: 'µs CPU/req',
      baseline: base,
      ratio: value / base,
    })
    return [
      atMost(0.3, row('telemetry-overhead', full - off)),
      atMost(0.08, row('telemetry-sampled', some - off)),
      row('telemetry-off', off),
    ]
  },
}

function costOf(measured: Measured): number {
  return measured.cpuMicros
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

export const benches: readonly Bench[] = [overhead]
