import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createLog, type LogRecord } from '../../src/log.ts'
import { exportSpans } from '../../src/telemetry/export-spans.ts'
import { readSpans } from '../../src/telemetry/read-spans.ts'
import { version } from '../../src/version.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { sampleSpan, sampleTraceId, spanGroups } from '../support/sample-span.ts'

const quiet = createLog(() => undefined)

test('a collector gets whole spans, one service for each component', async () => {
  const receiver = await startOtlpReceiver()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES:
      'deployment.environment.name=test%20lab,service.name=ignored,broken,=x,bad=%E0%A4%A',
  }
  const spans = exportSpans({ env, log: quiet })
  const start = 1_795_222_923_000.25
  const parent = sampleSpan({
    spanId: 'a'.repeat(16),
    kind: 'client',
    start,
    end: start + 1.5,
    traceState: 'vendor=1',
    attributes: { text: 'x', whole: 3, half: 0.5, yes: true, list: ['a', 'b'] },
    events: [{ name: 'exception', time: start + 1, attributes: { 'exception.message': 'no' } }],
    links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), attributes: { why: 'batch' } }],
    status: { code: 'error', message: 'no' },
    resource: {
      service: 'hello',
      namespace: 'shop',
      version: 'hello:0.1.0',
      hostId: 'NHOST',
      hostName: 'brave-fox',
    },
  })
  const child = sampleSpan({
    parentSpanId: parent.spanId,
    resource: { service: 'keyvalue', hostId: 'NHOST', hostName: 'brave-fox' },
    scope: { name: 'guest-sdk' },
  })
  spans.accept(spanGroups(parent, child))
  await spans.stop(5000)
  const received = receiver.spans()
  await receiver.stop()

  assert.deepEqual(
    receiver.requests.map((request) => request.path),
    ['/v1/traces'],
  )
  const [one, two] = received
  assert.partialDeepStrictEqual(one, {
    traceId: sampleTraceId,
    spanId: parent.spanId,
    parentSpanId: '',
    traceState: 'vendor=1',
    name: 'app/greet greet',
    kind: 3,
    startTimeUnixNano: '1795222923000250000',
    endTimeUnixNano: '1795222923001750000',
    attributes: { text: 'x', whole: 3, half: 0.5, yes: true, list: ['a', 'b'] },
    status: { code: 2, message: 'no' },
    links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }],
    scope: 'weft',
  })
  assert.deepEqual(one?.resource, {
    'deployment.environment.name': 'test lab',
    'service.name': 'hello',
    'service.namespace': 'shop',
    'service.version': 'hello:0.1.0',
    'service.instance.id': 'NHOST',
    'host.name': 'brave-fox',
    'telemetry.sdk.name': 'weft',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': version,
  })
  assert.partialDeepStrictEqual(two, { parentSpanId: parent.spanId, kind: 2, scope: 'guest-sdk' })
  assert.equal(two?.resource['service.name'], 'keyvalue')
  assert.equal('service.namespace' in (two?.resource ?? {}), false)
})

test('protobuf is sent unless JSON is asked for', async () => {
  const receiver = await startOtlpReceiver()
  const spans = exportSpans({
    env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/own/path` },
    log: quiet,
  })
  spans.accept(spanGroups(sampleSpan({ name: 'named in protobuf' })))
  await spans.stop(5000)
  await receiver.stop()
  const [request] = receiver.requests
  assert.equal(request?.path, '/own/path')
  assert.equal(request?.contentType, 'application/x-protobuf')
  assert.ok(request?.raw.includes('named in protobuf'))
  assert.ok(request?.raw.includes(Buffer.from(sampleTraceId, 'hex')))
})

test('spans go out by themselves, without a flush', async () => {
  const receiver = await startOtlpReceiver()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const spans = exportSpans({ env, log: quiet })
  spans.accept(spanGroups(sampleSpan()))
  await receiver.until(() => receiver.spans().length === 1)
  spans.accept(spanGroups(...Array.from({ length: 600 }, () => sampleSpan())))
  await receiver.until(() => receiver.spans().length === 601)
  await spans.stop(5000)
  await receiver.stop()
})

test('a collector that is down costs bounded memory, and one line when it goes and one when it is back', async () => {
  const lines: LogRecord[] = []
  const receiver = await startOtlpReceiver()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const spans = exportSpans({ env, log: createLog((record) => lines.push(record)) })
  receiver.answerWith(400)
  for (let batch = 0; batch < 30; batch += 1)
    spans.accept(spanGroups(...Array.from({ length: 500 }, () => sampleSpan())))
  await spans.flush(5000)
  assert.equal(spans.dropped, 15_000)
  assert.deepEqual(
    lines.map((line) => line.level),
    ['warn'],
  )

  receiver.answerWith(200)
  spans.accept(spanGroups(sampleSpan()))
  await spans.flush(5000)
  assert.deepEqual(
    lines.map((line) => line.level),
    ['warn', 'info'],
  )
  assert.equal(receiver.spans().length, 1)
  await spans.stop(5000)
  await receiver.stop()
})

test('stopping waits no longer than it is told for a collector that does not answer', async () => {
  const silent = createServer(() => undefined)
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  const { port } = silent.address() as AddressInfo
  const spans = exportSpans({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_EXPORTER_OTLP_TIMEOUT: '1000' },
    log: quiet,
  })
  spans.accept(spanGroups(sampleSpan()))
  const start = performance.now()
  await spans.stop(150)
  const took = performance.now() - start
  silent.closeAllConnections()
  silent.close()
  assert.ok(took > 100 && took < 900, `${took} ms`)
})

test('a collector that refuses the connection loses the batch after its timeout', async () => {
  const lines: LogRecord[] = []
  const receiver = await startOtlpReceiver()
  await receiver.stop()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_TIMEOUT: '300' }
  const spans = exportSpans({ env, log: createLog((record) => lines.push(record)) })
  spans.accept(spanGroups(sampleSpan()))
  await spans.stop(5000)
  assert.equal(spans.dropped, 1)
  assert.match(String(lines[0]?.attributes['error']), /ECONNREFUSED/)
})

test('without an endpoint spans are published all the same', async () => {
  const messages: Uint8Array[] = []
  const spans = exportSpans({ env: {}, log: quiet, publishSpans: (message) => messages.push(message) })
  const batch = [sampleSpan({ name: 'a' }), sampleSpan({ name: 'b' })]
  spans.accept(spanGroups(...batch))
  await spans.stop(100)
  assert.equal(messages.length, 1)
  assert.deepEqual(readSpans(messages[0] as Uint8Array), { spans: batch, refused: 0 })
})

test('a lattice that can not be reached is told once and throws nothing', () => {
  const lines: LogRecord[] = []
  const spans = exportSpans({
    env: {},
    log: createLog((record) => lines.push(record)),
    publishSpans: () => {
      throw new Error('closed')
    },
  })
  spans.accept(spanGroups(sampleSpan()))
  spans.accept(spanGroups(sampleSpan()))
  assert.equal(lines.length, 1)
})

test('with OTEL_TRACES_EXPORTER=none or OTEL_SDK_DISABLED=true nothing is exported', async () => {
  const receiver = await startOtlpReceiver()
  for (const off of [{ OTEL_TRACES_EXPORTER: 'none' }, { OTEL_SDK_DISABLED: 'true' }]) {
    const spans = exportSpans({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...off }, log: quiet })
    spans.accept(spanGroups(sampleSpan()))
    await spans.stop(1000)
  }
  assert.equal(receiver.requests.length, 0)
  await receiver.stop()
})
