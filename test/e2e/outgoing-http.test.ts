import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'

describe('a component that sends HTTP requests', () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let outside: Server
  let backend: string
  let url: string
  let direct: string
  const seen: (string | undefined)[] = []
  before(async () => {
    place = await openWorkplace()
    receiver = await startOtlpReceiver()
    outside = createServer((req, res) => {
      seen.push(req.headers['traceparent'] as string | undefined)
      res.writeHead(418)
      res.end('x'.repeat(200_000))
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => outside.once('listening', resolve))
    backend = `127.0.0.1:${(outside.address() as AddressInfo).port}`
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const manifest = join(place.folder, 'fetch.json')
    await writeFile(manifest, JSON.stringify(manifestOf(port, backend)))
    const other = await freePort()
    direct = `http://127.0.0.1:${other}`
    const second = join(place.folder, 'direct.json')
    await writeFile(second, JSON.stringify(directOf(other, backend)))
    const flags = ['--port', '0', '--ephemeral', '--threads', '1']
    const otel = {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    }
    await place.start(['up', ...flags, manifest, second], otel).seen(/weft is up/)
  })
  after(async () => {
    await place.close()
    await receiver.stop()
    outside.close()
  })

  test('reaches what its link allows, and its trace goes on there', async () => {
    const traceId = 'f'.repeat(32)
    const headers = { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` }
    const answer = await (await fetch(`${url}/?${backend}/tea`, { headers })).text()
    assert.equal(answer, `418 ${'x'.repeat(200_000)}`)
    const spans = () => receiver.spans().filter((span) => span.traceId === traceId)
    await receiver.until(() => spans().some(({ parentSpanId }) => parentSpanId === '1'.repeat(16)))
    const sent = spans().find(({ kind }) => kind === 3) ?? assert.fail('the span of what it sent')
    assert.equal(seen[0], `00-${traceId}-${sent.spanId}-01`)
    assert.deepEqual([sent.name, sent.resource['service.name']], ['GET', 'fetch-fetch'])
    assert.partialDeepStrictEqual(sent.attributes, {
      'weft.target': 'fetch-client',
      'url.full': `http://${backend}/tea`,
      'http.response.status_code': 418,
    })
    assert.equal(spans().filter((span) => span.kind !== 1).length, 2, 'what entered and what left')
  })

  test('needs no link to what its manifest names, and its trace goes on there, too', async () => {
    const traceId = 'e'.repeat(32)
    const headers = { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` }
    const answer = await (await fetch(`${direct}/?${backend}/tea`, { headers })).text()
    assert.equal(answer, `418 ${'x'.repeat(200_000)}`)
    assert.match(seen.at(-1) ?? '', new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`))
    assert.match(await (await fetch(`${direct}/?127.0.0.1:1/`)).text(), /HttpRequestDenied/)
  })

  test('is told of what it may not reach', async () => {
    assert.match(await (await fetch(`${url}/?127.0.0.1:1/`)).text(), /HttpRequestDenied/)
  })
})

/** The same component without a link: its manifest names the server. */
function directOf(port: number, backend: string): object {
  const { spec, ...rest } = manifestOf(port, backend)
  const components = spec.components
    .filter(({ name }) => name !== 'client')
    .map((one) =>
      one.name === 'fetch' ? { ...one, traits: [...one.traits.slice(0, 1), network(backend)] } : one,
    )
  return { ...rest, metadata: { name: 'direct', annotations: {} }, spec: { components } }
}

const network = (server: string) => ({ type: 'network', properties: { http: [server] } })

function manifestOf(port: number, backend: string) {
  const spread = (instances: number) => ({ type: 'spreadscaler', properties: { instances } })
  const link = (interfaces: string, target: object, source?: object) => ({
    type: 'link',
    properties: {
      namespace: 'wasi',
      package: 'http',
      interfaces: [interfaces],
      target,
      ...(source && { source }),
    },
  })
  const config = (name: string, properties: object) => ({ config: [{ name, properties }] })
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'fetch', annotations: { description: 'a component that fetches' } },
    spec: {
      components: [
        {
          name: 'http',
          type: 'capability',
          properties: { image: 'wasmcloud+builtin://http-server' },
          traits: [
            spread(1),
            link('incoming-handler', { name: 'fetch' }, config('in', { address: `127.0.0.1:${port}` })),
          ],
        },
        {
          name: 'fetch',
          type: 'component',
          properties: {
            image: pathToFileURL(join(root, 'test/guests/http-fetch-p2/http-fetch-p2.wasm')).href,
          },
          traits: [
            spread(10),
            link('outgoing-handler', { name: 'client', ...config('out', { allowed_hosts: backend }) }),
          ],
        },
        {
          name: 'client',
          type: 'capability',
          properties: { image: 'wasmcloud+builtin://http-client' },
          traits: [spread(1)],
        },
      ],
    },
  }
}
