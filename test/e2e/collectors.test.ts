import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { pinComponent } from '../support/pin-component.ts'
import { until } from '../support/until.ts'
import { openWorkplace, root } from '../support/weft.ts'

const signals = ['traces', 'metrics', 'logs'] as const

/** Which services sent a receiver what: `traces hello-http`. */
function sentBy(receiver: OtlpReceiver): Set<string> {
  return new Set(
    receiver.requests.flatMap(({ path, raw }) =>
      [...raw.toString('latin1').matchAll(serviceName)].map(
        ([, name]) => `${path.replace('/v1/', '')} ${name}`,
      ),
    ),
  )
}

/** As JSON and as protobuf have it. */
const serviceName = /service\.name(?:","value":\{"stringValue":"|[^a-z]+)([a-z][a-z-]+)/g

test('platform, applications and a component of its own have collectors of their own, for all signals', {
  timeout: 120_000,
}, async () => {
  const [platform, applications, bakery] = await Promise.all([
    startOtlpReceiver(),
    startOtlpReceiver(),
    startOtlpReceiver(),
  ])
  const place = await openWorkplace()
  try {
    const guest = pathToFileURL(join(root, 'test/guests/otel-p2/otel-p2.wasm')).href
    const properties = { serviceName: 'the-bakery', endpoint: bakery.url, protocol: 'http/json' }
    const app = await place.manifest('manifests/hello/app.yaml', (text) =>
      // Calls between the component and its providers cross: both sides have spans.
      Object.entries({ http: 'near', hello: 'far', keyvalue: 'near' }).reduce(
        (manifest, [component, zone]) => pinComponent(manifest, component, `zone: ${zone}`),
        text
          .replace(/image: .*hello\.wasm/, `image: ${guest}`)
          .replace(
            '- type: spreadscaler\n          properties:\n            instances: 10\n',
            (scaler) => `- ${JSON.stringify({ type: 'telemetry', properties })}\n        ${scaler}`,
          ),
      ),
    )
    const otel = {
      OTEL_EXPORTER_OTLP_ENDPOINT: platform.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=for-the-platform',
      WEFT_APP_OTEL_EXPORTER_OTLP_ENDPOINT: applications.url,
      WEFT_APP_OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      WEFT_APP_OTEL_EXPORTER_OTLP_HEADERS: 'authorization=for-applications',
      OTEL_METRIC_EXPORT_INTERVAL: '300',
      OTEL_BSP_SCHEDULE_DELAY: '100',
      OTEL_BLRP_SCHEDULE_DELAY: '100',
    }
    const up = place.start(
      ['up', '--ephemeral', '--port', '0', '--threads', '1', '--label', 'zone=near'],
      otel,
    )
    await up.seen(/weft is up/)
    const far = place.start(['host', '--threads', '1', '--label', 'zone=far'], otel)
    await far.seen(/has joined lattice default/)
    const deployed = await place.run(['app', 'deploy', app.path])
    assert.equal(deployed.code, 0, deployed.err)
    for (const path of ['/nested', '/metrics', '/logs'])
      assert.equal((await fetch(app.url + path)).status, 200)
    const all = (name: string) => signals.map((signal) => `${signal} ${name}`)
    await until(() => all('the-bakery').every((one) => sentBy(bakery).has(one)), { timeoutMs: 30_000 })
    const ofProviders = ['traces hello-http', 'traces hello-keyvalue', 'metrics hello-http']
    await until(() => ofProviders.every((one) => sentBy(applications).has(one)), { timeoutMs: 30_000 })
    const ofHost = ['traces weft-host', 'metrics weft-host']
    await until(() => ofHost.every((one) => sentBy(platform).has(one)), { timeoutMs: 30_000 })
    assert.deepEqual(named(sentBy(bakery)), ['the-bakery'])
    assert.deepEqual(named(sentBy(applications)), ['hello-http', 'hello-keyvalue'])
    assert.ok(named(sentBy(platform)).every((name) => name.startsWith('weft-')))
    const told = (receiver: OtlpReceiver) => [
      ...new Set(
        receiver.requests.map(({ contentType, headers }) => `${contentType} ${headers.authorization}`),
      ),
    ]
    assert.deepEqual(told(platform), ['application/x-protobuf for-the-platform'])
    assert.deepEqual(told(applications), ['application/json for-applications'])
    assert.deepEqual(told(bakery), ['application/json undefined'], 'its headers are for no other')
  } finally {
    await place.close()
    await Promise.all([platform, applications, bakery].map((receiver) => receiver.stop()))
  }
})

function named(sent: ReadonlySet<string>): string[] {
  return [...new Set([...sent].map((one) => one.split(' ')[1] ?? ''))].toSorted()
}
