import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, logLevels } from '../../src/log.ts'
import { exportLog } from '../../src/telemetry/export-log.ts'
import { plainAttributes, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { sampleTraceId } from '../support/sample-span.ts'

const quiet = createLog(() => undefined)
const host = { service: 'weft-host', hostId: 'NHOST', hostName: 'brave-fox' }
const resourceOf = (id: string) => ({
  service: id,
  namespace: 'shop',
  hostId: 'NHOST',
  hostName: 'brave-fox',
})

interface OtlpLogs {
  readonly resourceLogs: readonly {
    readonly resource: { readonly attributes: Parameters<typeof plainAttributes>[0] }
    readonly scopeLogs: readonly {
      readonly logRecords: readonly {
        readonly severityNumber: number
        readonly severityText: string
        readonly body: { readonly stringValue: string }
        readonly traceId?: string
        readonly spanId?: string
        readonly attributes: Parameters<typeof plainAttributes>[0]
      }[]
    }[]
  }[]
}

async function exported(write: (log: ReturnType<typeof createLog>) => void) {
  const receiver = await startOtlpReceiver()
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }
  const logs = exportLog({ env, log: quiet, host, resourceOf })
  write(createLog(logs.sink))
  await logs.stop(5000)
  await receiver.stop()
  assert.deepEqual(
    receiver.requests.map((request) => request.path),
    ['/v1/logs'],
  )
  const [request] = receiver.requests
  assert.ok(request)
  return (request.body as OtlpLogs).resourceLogs.flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((record) => ({
        service: plainAttributes(resource.attributes)['service.name'],
        severity: [record.severityNumber, record.severityText],
        body: record.body.stringValue,
        ids: [record.traceId ?? '', record.spanId ?? ''],
        attributes: plainAttributes(record.attributes),
      })),
    ),
  )
}

test('a line of a component has its service, severity, trace and span', async () => {
  const [line] = await exported((log) =>
    log.warn('stock is low', {
      component: 'hello',
      traceId: sampleTraceId,
      spanId: 'b'.repeat(16),
      stream: 'stderr',
      left: 3,
      none: undefined,
    }),
  )
  assert.deepEqual(line, {
    service: 'hello',
    severity: [13, 'WARN'],
    body: 'stock is low',
    ids: [sampleTraceId, 'b'.repeat(16)],
    attributes: { component: 'hello', stream: 'stderr', left: 3 },
  })
})

test('each level has its severity, and lines of no component are the host’s', async () => {
  const lines = await exported((log) => {
    for (const level of logLevels) log.write(level, level)
  })
  assert.deepEqual(
    lines.map((line) => [line.service, ...line.severity]),
    [
      ['weft-host', 1, 'TRACE'],
      ['weft-host', 5, 'DEBUG'],
      ['weft-host', 9, 'INFO'],
      ['weft-host', 13, 'WARN'],
      ['weft-host', 17, 'ERROR'],
    ],
  )
})

test('ids that are none are left out, the line is not', async () => {
  const lines = await exported((log) => {
    log.info('a', { traceId: 'not hex', spanId: 'b'.repeat(16) })
    log.info('b', { traceId: sampleTraceId, spanId: 'zz' })
  })
  assert.deepEqual(
    lines.map((line) => line.ids),
    [
      ['', ''],
      [sampleTraceId, ''],
    ],
  )
})

test('protobuf is sent unless JSON is asked for', async () => {
  const receiver = await startOtlpReceiver()
  const logs = exportLog({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, log: quiet, host, resourceOf })
  logs.sink({
    time: Date.now(),
    level: 'info',
    message: 'in protobuf',
    attributes: { traceId: sampleTraceId },
  })
  await logs.stop(5000)
  await receiver.stop()
  assert.equal(receiver.requests[0]?.contentType, 'application/x-protobuf')
  assert.ok(receiver.requests[0]?.raw.includes('in protobuf'))
})

test('without an endpoint lines cost nothing', async () => {
  const logs = exportLog({ env: {}, log: quiet, host, resourceOf })
  createLog(logs.sink).info('to nobody')
  await logs.stop(100)
  assert.equal(logs.dropped, 0)
})
