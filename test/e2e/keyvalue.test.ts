import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { noRedis, type RedisServer, startRedis } from '../support/start-redis.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'

describe('one component, run three times, on three key-value providers', { skip: noRedis }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let redis: RedisServer
  let url: string

  before(
    async () => {
      place = await openWorkplace()
      receiver = await startOtlpReceiver()
      redis = await startRedis()
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      const path = join(place.folder, 'stores.yaml')
      await writeFile(path, manifest(port, redis.port))
      const up = place.start(['up', '--ephemeral', '--port', '0', '--threads', '2', path], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      })
      await up.seen(/weft is up/)
    },
    { timeout: 180_000 },
  )
  after(async () => {
    await place.close()
    await receiver.stop()
    await redis.stop()
  })

  const get = async (store: string, path: string, headers: Record<string, string> = {}) =>
    (await (await fetch(url + path, { headers: { 'x-store': store, ...headers } })).text()).trim()

  for (const store of ['memory', 'nats', 'redis']) {
    test(`store, atomics and batch in ${store}, from all threads`, async () => {
      assert.equal(await get(store, '/set?k=v'), 'set')
      const sums = await Promise.all(Array.from({ length: 40 }, () => get(store, '/increment?n=2')))
      assert.deepEqual(
        sums.map(Number).sort((a, b) => a - b),
        Array.from({ length: 40 }, (_, at) => 2 * at + 2),
      )
      assert.equal(await get(store, '/set-many?a=1&b=2'), 'set')
      assert.equal(await get(store, '/get-many?a&none&b'), 'a=1\n(none)\nb=2')
      assert.equal(await get(store, '/keys'), 'a\nb\nk\nn')
      assert.equal(await get(store, '/delete-many?a&b&n'), 'deleted')
      assert.equal(await get(store, '/keys'), 'k')
      assert.equal(await get(store, '/exists?k'), 'true')
    })
  }

  test('the trace goes on to Redis itself, as the conventions for databases have it', async () => {
    const traceId = 'ef'.repeat(16)
    await get('redis', '/get?k', { traceparent: `00-${traceId}-${'ab'.repeat(8)}-01` })
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
    await receiver.until(() => spans().some((span) => span.name.startsWith('GET 127')), 30_000)
    const asked = spans().find((span) => span.name === `GET 127.0.0.1:${redis.port}`)
    assert.equal(asked?.kind, 3)
    assert.deepEqual(asked?.attributes, {
      'db.system.name': 'redis',
      'db.operation.name': 'GET',
      'db.namespace': '0',
      'server.address': '127.0.0.1',
      'server.port': redis.port,
    })
    assert.equal(asked?.resource['service.name'], 'stores-kv_redis')
    const parent = spans().find((span) => span.spanId === asked?.parentSpanId)
    assert.deepEqual([parent?.kind, parent?.name], [3, 'keyvalue/store get'])
    assert.equal(parent?.resource['service.name'], 'stores-redis')
    assert.equal(parent?.attributes['service.peer.name'], 'stores-kv_redis')
  })
})

function manifest(port: number, redisPort: number): string {
  const guest = pathToFileURL(join(root, 'test/guests/kv-p2/kv-p2.wasm')).href
  const stores = ['memory', 'nats', 'redis']
  return `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: stores, annotations: {} }
spec:
  components:
    - name: http
      type: capability
      properties:
        image: wasmcloud+builtin://http-server
        config:
          - name: http
            properties: { routing_mode: host, header: x-store, default_address: '127.0.0.1:${port}' }
      traits:
        - { type: spreadscaler, properties: { instances: 1 } }
${stores.map(httpLink).join('')}
${stores.map((store) => component(store, guest, redisPort)).join('')}`
}

function httpLink(store: string): string {
  return `        - type: link
          properties:
            name: ${store}
            namespace: wasi
            package: http
            interfaces: [incoming-handler]
            source: { config: [{ name: host-${store}, properties: { host: ${store} } }] }
            target: { name: ${store} }
`
}

function component(store: string, guest: string, redisPort: number): string {
  return `    - name: ${store}
      type: component
      properties: { image: ${guest} }
      traits:
        - { type: spreadscaler, properties: { instances: 20 } }
        - type: link
          properties:
            namespace: wasi
            package: keyvalue
            interfaces: [store, atomics, batch]
            target:
              name: kv-${store}
              config: [{ name: store-${store}, properties: { URL: 'redis://127.0.0.1:${redisPort}' } }]
    - name: kv-${store}
      type: capability
      properties: { image: wasmcloud+builtin://keyvalue-${store} }
      traits: [{ type: spreadscaler, properties: { instances: 1 } }]
`
}
