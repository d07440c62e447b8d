import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../src/log.ts'
import { exportSpans } from '../../src/telemetry/export-spans.ts'
import { otlpTarget } from '../../src/telemetry/otlp-target.ts'
import { queueSizes } from '../../src/telemetry/queue-sizes.ts'
import { telemetryEnv } from '../../src/telemetry/telemetry-env.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'
import { sampleSpan, spanGroups } from '../support/sample-span.ts'

const env = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://platform:4318',
  OTEL_EXPORTER_OTLP_HEADERS: 'x-key=of%20platform',
  WEFT_APP_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://apps:4318',
  WEFT_APP_OTEL_LOGS_EXPORTER: 'none',
}

test('platform and applications may have collectors of their own', () => {
  const platform = otlpTarget(telemetryEnv(env, { isPlatform: true }), 'logs')
  assert.partialDeepStrictEqual(platform, {
    url: 'http://platform:4318/v1/logs',
    headers: { 'x-key': 'of platform' },
  })
  const application = telemetryEnv(env, {})
  assert.partialDeepStrictEqual(otlpTarget(application, 'traces'), { url: 'http://apps:4318/v1/traces' })
  assert.deepEqual(otlpTarget(application, 'logs'), { state: 'off', reason: 'OTEL_LOGS_EXPORTER=none' })
})

test('a collector of applications gets nothing that is meant for the platform’s', () => {
  const own = telemetryEnv(
    {
      ...env,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '700',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://platform/traces',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-key=secret',
      OTEL_EXPORTER_OTLP_CLIENT_KEY: '/no/such/key.pem',
    },
    {},
  )
  assert.deepEqual(otlpTarget(own, 'traces'), {
    state: 'on',
    url: 'http://apps:4318/v1/traces',
    protocol: 'http/json',
    timeoutMs: 700,
    headers: {},
    gzip: true,
    tls: {},
  })
  const same = { ...env, WEFT_APP_OTEL_EXPORTER_OTLP_ENDPOINT: '' }
  assert.partialDeepStrictEqual(otlpTarget(telemetryEnv(same, {}), 'traces'), {
    url: 'http://platform:4318/v1/traces',
    headers: { 'x-key': 'of platform' },
  })
})

test('the endpoint of a component stands above all, and gets no header that is meant for another', () => {
  const otlp = { endpoint: 'http://shop:4318/', protocol: 'http/json' } as const
  const own = telemetryEnv({ ...env, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://other/v1/traces' }, { otlp })
  assert.partialDeepStrictEqual(otlpTarget(own, 'traces'), {
    url: 'http://shop:4318/v1/traces',
    protocol: 'http/json',
    headers: {},
  })
})

test('spans go where their maker sends them', async () => {
  const [platform, apps, shop] = await Promise.all([
    startOtlpReceiver(),
    startOtlpReceiver(),
    startOtlpReceiver(),
  ])
  const spans = exportSpans({
    env: {
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: platform.url,
      WEFT_APP_OTEL_EXPORTER_OTLP_ENDPOINT: apps.url,
      OTEL_SERVICE_NAME: 'our-weft',
    },
    log: createLog(() => undefined),
  })
  const host = { hostId: 'N1', hostName: 'oak' }
  spans.accept(
    spanGroups(
      sampleSpan({ resource: { ...host, service: 'weft-host', isPlatform: true } }),
      sampleSpan({ resource: { ...host, service: 'hello' } }),
      sampleSpan({
        resource: {
          ...host,
          service: 'checkout',
          component: 'shop-checkout',
          attributes: { team: 'shop', 'service.name': 'not this' },
          otlp: { endpoint: shop.url, protocol: 'http/json' },
        },
      }),
    ),
  )
  await spans.stop(5000)
  const all = [platform, apps, shop]
  await Promise.all(all.map((receiver) => receiver.stop()))
  assert.deepEqual(
    all.map((receiver) => receiver.spans().map((span) => span.resource['service.name'])),
    [['our-weft'], ['hello'], ['checkout']],
  )
  assert.partialDeepStrictEqual(shop.spans()[0]?.resource, {
    team: 'shop',
    'weft.component.id': 'shop-checkout',
  })
})

test('the sizes of queues are those of the standard variables, nonsense is passed over', () => {
  assert.deepEqual(
    queueSizes(
      {
        OTEL_BSP_SCHEDULE_DELAY: '50',
        OTEL_BSP_MAX_QUEUE_SIZE: '10',
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100',
        OTEL_BLRP_SCHEDULE_DELAY: '-1',
      },
      'BSP',
    ),
    { delayMs: 50, batchSize: 10, maxWaiting: 10 },
  )
  assert.deepEqual(
    queueSizes({ OTEL_BLRP_SCHEDULE_DELAY: '-1', OTEL_BLRP_MAX_QUEUE_SIZE: 'many' }, 'BLRP'),
    {},
  )
})

test('an endpoint may be compressed, and one whose certificate is not there is off, saying so', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c:4318' }
  assert.partialDeepStrictEqual(otlpTarget({ ...endpoint, OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }, 'logs'), {
    gzip: true,
  })
  const bad = otlpTarget({ ...endpoint, OTEL_EXPORTER_OTLP_CERTIFICATE: '/not/there.pem' }, 'logs')
  assert.match(bad.state === 'off' ? bad.reason : '', /not\/there\.pem/)
  const zip = otlpTarget({ ...endpoint, OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: 'zip' }, 'logs')
  assert.match(zip.state === 'off' ? zip.reason : '', /zip/)
})

test('the shorter one of two timeouts of a signal counts', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
    OTEL_BSP_EXPORT_TIMEOUT: '500',
    OTEL_METRIC_EXPORT_TIMEOUT: '30000',
    OTEL_BLRP_EXPORT_TIMEOUT: 'soon',
  }
  const timeouts = (['traces', 'metrics', 'logs'] as const).map((signal) => {
    const target = otlpTarget(env, signal)
    return target.state === 'on' && target.timeoutMs
  })
  assert.deepEqual(timeouts, [500, 2000, 2000])
})

test('a timeout beyond what a timer takes is as long as that', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:4318', OTEL_EXPORTER_OTLP_TIMEOUT: '99999999999' }
  assert.partialDeepStrictEqual(otlpTarget(env, 'traces'), { timeoutMs: 2 ** 31 - 1 })
})
