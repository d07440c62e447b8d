import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chain } from '../../src/call/call.ts'
import { WeftError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import { deliverMeasurements } from '../../src/telemetry/deliver-measurements.ts'
import { exportMetrics } from '../../src/telemetry/export-metrics.ts'
import { type MeasurementBatch, Measurements } from '../../src/telemetry/measurements.ts'
import { metricList } from '../../src/telemetry/metric-list.ts'
import { traceCalls } from '../../src/telemetry/trace-calls.ts'
import { watchProcess } from '../../src/telemetry/watch-process.ts'
import { watchThread } from '../../src/telemetry/watch-thread.ts'
import { metricsIn } from '../support/otlp-metrics.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { sampleCall } from '../support/sample-call.ts'

const quiet = createLog(() => undefined)
const host = { service: 'weft-host', hostId: 'NHOST', hostName: 'brave-fox', isPlatform: true } as const
const resourceOf = (id: string) => ({
  service: id,
  namespace: 'shop',
  version: `${id}:1`,
  hostId: 'NHOST',
  hostName: 'brave-fox',
})
const traceId = 'a'.repeat(32)

const json = (url: string) => ({ OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' })

/** A data thread that measured two calls, one of them under a span. */
function measured(thread: string): MeasurementBatch {
  const measurements = new Measurements(thread, resourceOf)
  const labels = { component: 'hello', outcome: 'ok' }
  measurements.observe('callDuration', 0.02, labels, { traceId, spanId: 'b'.repeat(16), sampled: true })
  measurements.observe('callDuration', 20, labels, { traceId, spanId: 'c'.repeat(16), sampled: false })
  measurements.add('traps', 1, { component: 'hello' })
  measurements.watch('queueDepth', () => [{ labels: { component: 'hello' }, value: 3 }])
  return structuredClone(measurements.take())
}

test('two threads make one cumulative series, which counts nothing twice', async () => {
  const receiver = await startOtlpReceiver()
  const metrics = exportMetrics({ env: json(receiver.url), log: quiet, host })
  metrics.accept(measured('data-0'))
  metrics.accept(measured('data-1'))
  await metrics.flush(5000)
  metrics.accept(measured('data-1'))
  await metrics.stop(5000)
  await receiver.stop()

  const [first, second] = receiver.requests.map(metricsIn)
  const durations = [first, second].map((all) => all?.get('hello weft.call.duration'))
  assert.deepEqual(
    durations.map((metric) => metric?.points.map(({ count }) => Number(count))),
    [[4], [6]],
  )
  const [point] = durations[0]?.points ?? []
  assert.equal(durations[0]?.temporality, 2)
  assert.deepEqual(point?.attributes, { component: 'hello', outcome: 'ok' })
  assert.ok(Math.abs((point?.sum ?? 0) - 40.04) < 1e-9)
  const bounds = metricList.callDuration.bounds
  assert.deepEqual(point?.explicitBounds, bounds)
  assert.equal(Number(point?.bucketCounts?.[bounds.indexOf(0.025)]), 2)
  assert.equal(Number(point?.bucketCounts?.at(-1)), 2)
  assert.equal(first?.get('hello weft.guest.traps')?.points[0]?.asDouble, 2)
  assert.equal(first?.get('hello weft.queue.depth')?.points[0]?.asDouble, 6)
  assert.equal(second?.get('hello weft.queue.depth')?.points[0]?.asDouble, 6)
})

test('a series belongs to the service of its component and carries the sampled call as exemplar', async () => {
  const receiver = await startOtlpReceiver()
  const metrics = exportMetrics({ env: json(receiver.url), log: quiet, host })
  metrics.accept(measured('data-0'))
  await metrics.flush(5000)
  await metrics.flush(5000)
  await metrics.stop(5000)
  await receiver.stop()
  const [first, second] = receiver.requests.map(metricsIn)
  const metric = first?.get('hello weft.call.duration')
  assert.partialDeepStrictEqual(metric?.resource, {
    'service.name': 'hello',
    'service.namespace': 'shop',
    'service.version': 'hello:1',
    'service.instance.id': 'NHOST',
  })
  assert.partialDeepStrictEqual(metric?.points[0]?.exemplars, [
    { asDouble: 0.02, traceId, spanId: 'b'.repeat(16) },
  ])
  assert.equal(metric?.points[0]?.exemplars?.length, 1)
  assert.equal(
    second?.get('hello weft.call.duration')?.points[0]?.exemplars,
    undefined,
    'an example is shown once',
  )
})

test('a backend that wants deltas gets deltas', async () => {
  const receiver = await startOtlpReceiver()
  const env = { ...json(receiver.url), OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta' }
  const metrics = exportMetrics({ env, log: quiet, host })
  for (const thread of ['data-0', 'data-1']) {
    metrics.accept(measured(thread))
    await metrics.flush(5000)
  }
  await metrics.stop(5000)
  await receiver.stop()
  const durations = receiver.requests.map((request) => metricsIn(request).get('hello weft.call.duration'))
  assert.deepEqual(
    durations.map((metric) => metric && [metric.temporality, Number(metric.points[0]?.count)]),
    [[1, 2], [1, 2], undefined],
  )
})

test('metrics are sent again and again, as protobuf unless JSON is asked for', async () => {
  const receiver = await startOtlpReceiver()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_METRIC_EXPORT_INTERVAL: '20' }
  const metrics = exportMetrics({ env, log: quiet, host })
  metrics.accept(measured('data-0'))
  await receiver.until(() => receiver.requests.length >= 2)
  await metrics.stop(5000)
  await receiver.stop()
  assert.equal(receiver.requests[0]?.path, '/v1/metrics')
  assert.equal(receiver.requests[0]?.contentType, 'application/x-protobuf')
  assert.ok(receiver.requests[0]?.raw.includes('weft.call.duration'))
})

test('thread and process tell of themselves', async () => {
  const receiver = await startOtlpReceiver()
  const metrics = exportMetrics({ env: json(receiver.url), log: quiet, host })
  const measurements = new Measurements('control', resourceOf)
  const end = watchThread(measurements, 'control')
  watchProcess(measurements)
  await new Promise((resolve) => setTimeout(resolve, 300))
  metrics.accept(measurements.take())
  end()
  await metrics.stop(5000)
  await receiver.stop()
  const all = metricsIn(receiver.requests[0] ?? assert.fail('nothing came'))
  const value = (name: string) => all.get(`weft-host ${name}`)?.points[0]?.asDouble ?? Number.NaN
  assert.ok(value('process.memory.usage') > 1e6)
  assert.ok(value('process.cpu.time') > 0)
  assert.ok(value('v8js.memory.heap.used') > 1e5)
  for (const share of ['p50', 'p99'])
    assert.ok(value('nodejs.eventloop.delay.max') >= value(`nodejs.eventloop.delay.${share}`))
  assert.ok(value('nodejs.eventloop.utilization') <= 1)
  assert.deepEqual(all.get('weft-host nodejs.eventloop.delay.max')?.points[0]?.attributes, {
    thread: 'control',
  })
})

test('a call is measured by component, operation, side and outcome, and its waits too', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const record = () => assert.fail('no span')
  const { client, server, settle } = traceCalls({ sampler: () => false, record, resourceOf, measurements })
  const both = [client, server]
  const call = () =>
    sampleCall({ interface: 'wasi:keyvalue/store@0.2.0-draft', function: 'get', result: { kind: 'result' } })
  await chain(both, async () => ({ tag: 'ok' }))(call())
  await chain(both, async () => ({ tag: 'err', val: 'x' }))(call())
  await chain(both, async (passed) => {
    passed.course.record({ name: 'queued', start: 1000, end: 1250 })
    passed.course.record({ name: 'instantiated', start: 1250, end: 1251 })
  })(call())
  for (const code of ['deadline', 'trapped'] as const) {
    const failed = chain(both, async () => {
      throw new WeftError(code, 'no')
    })
    await assert.rejects(failed(call()), { code })
  }
  settle()
  const batch = measurements.take()
  const seen = batch.histograms.map(
    ({ metric, state }) => `${metric} ${Object.values(state.labels).join(' ')} ${state.count}`,
  )
  assert.deepEqual(seen.sort(), [
    'callDuration callee wasi:keyvalue/store get server deadline 1',
    'callDuration callee wasi:keyvalue/store get server err 1',
    'callDuration callee wasi:keyvalue/store get server ok 2',
    'callDuration callee wasi:keyvalue/store get server trapped 1',
    'callDuration caller wasi:keyvalue/store get client deadline 1',
    'callDuration caller wasi:keyvalue/store get client err 1',
    'callDuration caller wasi:keyvalue/store get client ok 2',
    'callDuration caller wasi:keyvalue/store get client trapped 1',
    'instanceStart callee cold 1',
    'queueWait callee 1',
  ])
  assert.deepEqual(Object.keys(batch.makers).sort(), ['callee', 'caller'])
})

test('a call whose body breaks off counts as failed, when it is over', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const body = Promise.withResolvers<void>()
  const { server, settle } = traceCalls({
    sampler: () => false,
    record: () => {},
    resourceOf,
    measurements,
  })
  await server(async (call) => call.course.hold(body.promise))(sampleCall())
  settle()
  assert.deepEqual(measurements.take().histograms, [])
  body.reject(new WeftError('cancelled', 'gone'))
  await new Promise((resolve) => setImmediate(resolve))
  settle()
  assert.equal(measurements.take().histograms[0]?.state.labels['outcome'], 'cancelled')
})

test('more series than the limit go into one, which is counted', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  for (let index = 0; index < 2100; index += 1)
    measurements.observe('queueWait', 1, { component: `c${index}` })
  const batch = measurements.take()
  assert.equal(batch.histograms.length, 2001)
  assert.equal(batch.histograms.at(-1)?.state.count, 100)
  assert.deepEqual(batch.counters, [
    { metric: 'seriesOverflow', labels: { metric: 'weft.queue.wait.duration' }, value: 100 },
  ])
})

test('a total that is read counts what it grew, also when it begins anew', () => {
  const measurements = new Measurements('data-0', resourceOf)
  const totals = [5, 7, 2]
  measurements.watch('wrpcMessages', () => [{ labels: { direction: 'sent' }, value: totals.shift() ?? 0 }])
  const grown = [0, 1, 2].map(() => measurements.take().counters[0]?.value)
  assert.deepEqual(grown, [5, 2, 2])
})

test('a gauge whose thread says no more of it is gone, and one that fails costs only itself', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const end = measurements.watch('queueDepth', () => [{ labels: { component: 'a' }, value: 1 }])
  measurements.watch('activeInstances', () => {
    throw new Error('no')
  })
  assert.equal(measurements.take().gauges.length, 1)
  end()
  assert.equal(measurements.take().gauges.length, 0)
})

test('what a thread measured is delivered once, the rest when it stops', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const delivered: MeasurementBatch[] = []
  const first = Promise.withResolvers<void>()
  const sink = (batch: MeasurementBatch) => {
    if (batch.histograms.length > 0) delivered.push(batch)
    if (delivered.length > 0) first.resolve()
  }
  const stop = deliverMeasurements({ measurements, sink, everyMs: 10 })
  measurements.observe('queueWait', 1, { component: 'a' })
  const alive = setTimeout(() => first.reject(new Error('nothing was delivered')), 5000)
  await first.promise
  clearTimeout(alive)
  measurements.observe('queueWait', 1, { component: 'b' })
  stop()
  assert.deepEqual(
    delivered.map(({ histograms }) => histograms.map(({ state }) => state.labels['component'])),
    [['a'], ['b']],
  )
})
