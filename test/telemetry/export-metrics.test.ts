import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chain } from '../../src/call/call.ts'
import { WeftError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { CallDurations, type DurationDelta, durationBounds } from '../../src/telemetry/call-durations.ts'
import { deliverDurations } from '../../src/telemetry/deliver-durations.ts'
import { exportMetrics } from '../../src/telemetry/export-metrics.ts'
import { measureCalls } from '../../src/telemetry/measure-calls.ts'
import { type OtlpReceiver, plainAttributes, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { sampleCall } from '../support/sample-call.ts'

const quiet = createLog(() => undefined)
const host = { service: 'weft-host', hostId: 'NHOST', hostName: 'brave-fox' }

interface OtlpMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: Parameters<typeof plainAttributes>[0] }
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string
        readonly unit: string
        readonly histogram: {
          readonly aggregationTemporality: number
          readonly dataPoints: readonly {
            readonly attributes: Parameters<typeof plainAttributes>[0]
            readonly count: number
            readonly sum: number
            readonly bucketCounts: readonly number[]
            readonly explicitBounds: readonly number[]
          }[]
        }
      }[]
    }[]
  }[]
}

function metricsIn(receiver: OtlpReceiver) {
  return receiver.requests.map((request) => {
    const [one] = (request.body as OtlpMetrics).resourceMetrics
    const metric = one?.scopeMetrics[0]?.metrics[0]
    assert.ok(one && metric)
    return { service: plainAttributes(one.resource.attributes)['service.name'], ...metric }
  })
}

/** Two data threads that each measured the same kind of call. */
function threads(count: number): DurationDelta[][] {
  return Array.from({ length: count }, () => {
    const durations = new CallDurations()
    durations.observe({ component: 'hello', outcome: 'ok' }, 0.02)
    durations.observe({ component: 'hello', outcome: 'ok' }, 20)
    return durations.take()
  })
}

test('two threads make one cumulative series, which counts nothing twice', async () => {
  const receiver = await startOtlpReceiver()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const metrics = exportMetrics({ env, log: quiet, host })
  for (const deltas of threads(2)) metrics?.accept(structuredClone(deltas))
  await metrics?.flush(5000)
  for (const deltas of threads(1)) metrics?.accept(deltas)
  await metrics?.stop(5000)
  await receiver.stop()

  const [first, second] = metricsIn(receiver)
  assert.partialDeepStrictEqual(first, { service: 'weft-host', name: 'weft.call.duration', unit: 's' })
  assert.equal(first?.histogram.aggregationTemporality, 2)
  const points = [first, second].map((metric) => metric?.histogram.dataPoints ?? [])
  assert.deepEqual(
    points.map((list) => list.map((point) => point.count)),
    [[4], [6]],
  )
  const [point] = points[0] ?? []
  assert.deepEqual(plainAttributes(point?.attributes), { component: 'hello', outcome: 'ok' })
  assert.ok(Math.abs((point?.sum ?? 0) - 40.04) < 1e-9)
  assert.deepEqual(point?.explicitBounds, durationBounds)
  assert.equal(point?.bucketCounts[durationBounds.indexOf(0.025)], 2)
  assert.equal(point?.bucketCounts.at(-1), 2)
})

test('a backend that wants deltas gets deltas', async () => {
  const receiver = await startOtlpReceiver()
  process.env['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE'] = 'delta'
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const metrics = exportMetrics({ env, log: quiet, host })
  delete process.env['OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE']
  for (const deltas of threads(2)) {
    metrics?.accept(deltas)
    await metrics?.flush(5000)
  }
  await metrics?.stop(5000)
  await receiver.stop()
  assert.deepEqual(
    metricsIn(receiver).map(({ histogram }) => [
      histogram.aggregationTemporality,
      histogram.dataPoints[0]?.count,
    ]),
    [
      [1, 2],
      [1, 2],
    ],
  )
})

test('metrics are sent again and again, as protobuf unless JSON is asked for', async () => {
  const receiver = await startOtlpReceiver()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '20' }
  const metrics = exportMetrics({ env, log: quiet, host })
  for (const deltas of threads(1)) metrics?.accept(deltas)
  await receiver.until(() => receiver.requests.length >= 2)
  await metrics?.stop(5000)
  await receiver.stop()
  assert.equal(receiver.requests[0]?.path, '/v1/metrics')
  assert.equal(receiver.requests[0]?.contentType, 'application/x-protobuf')
  assert.ok(receiver.requests[0]?.raw.includes('weft.call.duration'))
})

test('without an endpoint there is nothing to bring metrics to', () => {
  assert.equal(exportMetrics({ env: {}, log: quiet, host }), undefined)
})

test('a call is measured by component, operation, side and outcome', async () => {
  const durations = new CallDurations()
  const call = sampleCall({
    interface: 'wasi:keyvalue/store@0.2.0-draft',
    function: 'get',
    result: { kind: 'result' },
  })
  const both = [measureCalls({ side: 'client', durations }), measureCalls({ side: 'server', durations })]
  await chain(both, async () => ({ tag: 'ok' }))(call)
  await chain(both, async () => ({ tag: 'err', val: 'x' }))(call)
  const failed = chain(both, async () => {
    throw new WeftError('deadline', 'late')
  })
  await assert.rejects(failed(call), { code: 'deadline' })
  const seen = durations
    .take()
    .map(({ attributes, count }) => `${Object.values(attributes).join(' ')} ${count}`)
  assert.deepEqual(seen.sort(), [
    'callee wasi:keyvalue/store get server deadline 1',
    'callee wasi:keyvalue/store get server err 1',
    'callee wasi:keyvalue/store get server ok 1',
    'caller wasi:keyvalue/store get client deadline 1',
    'caller wasi:keyvalue/store get client err 1',
    'caller wasi:keyvalue/store get client ok 1',
  ])
})

test('a call whose body breaks off counts as failed, when it is over', async () => {
  const durations = new CallDurations()
  const body = Promise.withResolvers<void>()
  await measureCalls({ side: 'server', durations })(async (call) => call.course.hold(body.promise))(
    sampleCall(),
  )
  assert.deepEqual(durations.read(), [])
  body.reject(new WeftError('cancelled', 'gone'))
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(durations.read()[0]?.attributes['outcome'], 'cancelled')
})

test('more series than the limit go into one', () => {
  const durations = new CallDurations()
  for (let index = 0; index < 2100; index += 1) durations.observe({ component: `c${index}` }, 1)
  const series = durations.read()
  assert.equal(series.length, 2001)
  assert.equal(series.find((one) => one.attributes['otel.metric.overflow'])?.count, 100)
  const total = new CallDurations()
  total.add(structuredClone(series))
  total.add(structuredClone(series))
  assert.equal(
    total.read().reduce((sum, one) => sum + one.count, 0),
    4200,
  )
})

test('what a thread measured is delivered once, the rest when it stops', async () => {
  const durations = new CallDurations()
  const delivered: DurationDelta[][] = []
  const first = Promise.withResolvers<void>()
  const sink = (deltas: DurationDelta[]) => {
    delivered.push(deltas)
    first.resolve()
  }
  const stop = deliverDurations({ durations, sink, everyMs: 10 })
  durations.observe({ component: 'a' }, 1)
  const alive = setTimeout(() => first.reject(new Error('nothing was delivered')), 5000)
  await first.promise
  clearTimeout(alive)
  durations.observe({ component: 'b' }, 1)
  stop()
  stop()
  assert.deepEqual(
    delivered.map((deltas) => deltas.map(({ attributes }) => attributes['component'])),
    [['a'], ['b']],
  )
})
