import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'

const far = { zone: 'far', where: 'on another host than', kinds: [2, 3] }
const near = { zone: 'near', where: 'on the host of', kinds: [3] }

for (const { store, zone, where, kinds } of [
  { store: 'nats', ...far },
  { store: 'fs', ...far },
  { store: 'fs', ...near },
]) {
  describe(`a component with its blobs in ${store}, ${where} their provider`, () => {
    let place: Awaited<ReturnType<typeof openWorkplace>>
    let receiver: OtlpReceiver
    let url: string

    before(
      async () => {
        place = await openWorkplace()
        receiver = await startOtlpReceiver()
        const port = await freePort()
        url = `http://127.0.0.1:${port}`
        const path = join(place.folder, 'blobs.yaml')
        await writeFile(path, manifest({ port, store, zone, folder: join(place.folder, 'blobs') }))
        const otel = {
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          OTEL_BSP_SCHEDULE_DELAY: '100',
        }
        const up = place.start(
          ['up', '--ephemeral', '--port', '0', '--threads', '2', '--label', 'zone=near'],
          otel,
        )
        await up.seen(/weft is up/)
        const other = place.start(['host', '--threads', '1', '--label', 'zone=far'], otel)
        await other.seen(/has joined lattice default/)
        const deployed = await place.run(['app', 'deploy', path])
        assert.equal(deployed.code, 0, deployed.err)
      },
      { timeout: 180_000 },
    )
    after(async () => {
      await place.close()
      await receiver.stop()
    })

    const get = async (path: string, headers: Record<string, string> = {}) =>
      (await fetch(url + path, { headers })).text()

    test('100 MB go through the guest into the store and back, unchanged', async () => {
      assert.equal(await get('/create?box'), 'box')
      const bytes = Buffer.alloc(100_000_000, 'the quick brown fox jumps over the lazy dog; ')
      const put = await fetch(`${url}/put?box&big`, { method: 'PUT', body: bytes })
      assert.equal(await put.text(), '100000000 bytes')
      const answer = Buffer.from(await (await fetch(`${url}/get?box&big`)).arrayBuffer())
      assert.equal(answer.length, bytes.length)
      assert.equal(sha(answer), sha(bytes))
      assert.equal(
        await get('/get?box&big&10000000&10000009'),
        bytes.subarray(10_000_000, 10_000_010).toString(),
      )
    })

    test('many at once, listed, copied, moved and cleared', async () => {
      await get('/create?many')
      await Promise.all(
        Array.from({ length: 30 }, (_, at) =>
          fetch(`${url}/put?many&n${at}`, { method: 'PUT', body: `body ${at}` }),
        ),
      )
      const bodies = await Promise.all(Array.from({ length: 30 }, (_, at) => get(`/get?many&n${at}`)))
      assert.deepEqual(
        bodies,
        Array.from({ length: 30 }, (_, at) => `body ${at}`),
      )
      assert.equal((await get('/skip?many&10')).split(' ').length, 2 + 20)
      assert.equal(await get('/copy?many&n1&box&copied'), 'copied')
      assert.equal(await get('/move?many&n2&box&moved'), 'moved')
      assert.equal(await get('/sync?box&moved'), 'body 2')
      assert.equal(await get('/clear?many'), 'cleared')
      assert.equal(await get('/list?many'), 'after 0:')
      assert.equal(await get('/get?many&n1'), 'there is no object n1 in container many')
    })

    test('the span of a read lasts until its last byte', async () => {
      const traceId = 'bc'.repeat(16)
      await get('/get?box&big', { traceparent: `00-${traceId}-${'ab'.repeat(8)}-01` })
      const spans = () =>
        receiver
          .spans()
          .filter(
            (span) => span.traceId === traceId && span.name === 'blobstore/blobstore get-container-data',
          )
      const isEntry = (span: ReceivedSpan) => span.parentSpanId === 'ab'.repeat(8)
      await receiver.until(() => spans().length >= kinds.length && receiver.spans().some(isEntry), 30_000)
      assert.deepEqual(
        spans()
          .map((span) => span.kind)
          .sort(),
        kinds,
      )
      for (const span of spans()) assert.equal(span.status?.code ?? 0, 0)
    })
  })
}

function sha(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function manifest(of: {
  readonly port: number
  readonly store: string
  readonly zone: string
  readonly folder: string
}): string {
  const guest = pathToFileURL(join(root, 'test/guests/blobs-p2/blobs-p2.wasm')).href
  return `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: blobs, annotations: {} }
spec:
  components:
    - name: http
      type: capability
      properties: { image: wasmcloud+builtin://http-server }
      traits:
        - { type: spreadscaler, properties: { instances: 1 } }
        - type: link
          properties:
            namespace: wasi
            package: http
            interfaces: [incoming-handler]
            source: { config: [{ name: blobs-http, properties: { address: '127.0.0.1:${of.port}' } }] }
            target: { name: keeper }
    - name: keeper
      type: component
      properties: { image: ${guest} }
      traits:
        - type: spreadscaler
          properties: { instances: 40, spread: [{ name: near, requirements: { zone: near } }] }
        - type: link
          properties:
            namespace: wasi
            package: blobstore
            interfaces: [blobstore]
            target:
              name: store
              config: [{ name: blobs-store, properties: { root: '${of.folder}' } }]
    - name: store
      type: capability
      properties: { image: wasmcloud+builtin://blobstore-${of.store} }
      traits:
        - type: spreadscaler
          properties: { instances: 1, spread: [{ name: there, requirements: { zone: ${of.zone} } }] }
`
}
