import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { largeGuest } from '../support/guest.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'

const guests = [
  { how: 'in C, by hand', path: join(root, 'test/guests/otlp-c/otlp-c.wasm'), skip: false },
  { how: 'with the stock SDK for JavaScript', ...largeGuest('otlp-js') },
]

for (const { how, path, skip } of guests) {
  describe(`a component that sends its own spans to a collector, by OTLP over wasi:http, ${how}`, {
    skip,
  }, () => {
    let place: Awaited<ReturnType<typeof openWorkplace>>
    let receiver: OtlpReceiver
    let url: string
    before(async () => {
      place = await openWorkplace()
      receiver = await startOtlpReceiver()
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      const manifest = join(place.folder, 'otlp.json')
      await writeFile(
        manifest,
        JSON.stringify(manifestOf({ port, path, collector: new URL(receiver.url).host })),
      )
      const up = place.start(['up', '--port', '0', '--ephemeral', '--threads', '1', manifest], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      })
      await up.seen(/weft is up/)
    })
    after(async () => {
      await place.close()
      await receiver.stop()
    })

    test('has them under the span of the host that called it, also when the request came without a trace', async () => {
      const [id, parent, status] = (await (await fetch(url)).text()).split(' ')
      assert.equal(status, '200')
      await receiver.until(() => receiver.spans().some(({ spanId }) => spanId === parent))
      const bake =
        receiver.spans().find(({ spanId }) => spanId === id) ?? assert.fail('the span of the guest')
      const caller = receiver.spans().find(({ spanId }) => spanId === parent)
      assert.deepEqual([bake.name, bake.parentSpanId, bake.attributes['cakes']], ['bake', caller?.spanId, 3])
      assert.equal(bake.traceId, caller?.traceId)
      assert.equal(caller?.resource['service.name'], 'otlp-baker')
      assert.equal(bake.resource['service.name'], 'bakery')
    })

    test('has them in the trace of the request', async () => {
      const traceId = 'f'.repeat(32)
      const headers = { traceparent: `00-${traceId}-${'1'.repeat(16)}-01` }
      const [id, parent] = (await (await fetch(url, { headers })).text()).split(' ')
      assert.notEqual(parent, '1'.repeat(16))
      assert.equal(receiver.spans().find(({ spanId }) => spanId === id)?.traceId, traceId)
    })
  })
}

function manifestOf({
  port,
  path,
  collector,
}: {
  readonly port: number
  readonly path: string
  readonly collector: string
}): object {
  const link = (interfaces: string, properties: object) => ({
    type: 'link',
    properties: { namespace: 'wasi', package: 'http', interfaces: [interfaces], ...properties },
  })
  const config = (name: string, properties: object) => ({ config: [{ name, properties }] })
  const spread = { type: 'spreadscaler', properties: { instances: 1 } }
  const capability = (name: string, image: string, traits: readonly object[]) => ({
    name,
    type: 'capability',
    properties: { image: `wasmcloud+builtin://${image}` },
    traits: [spread, ...traits],
  })
  return {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'otlp', annotations: { description: 'a component with an exporter of its own' } },
    spec: {
      components: [
        capability('http', 'http-server', [
          link('incoming-handler', {
            target: { name: 'baker' },
            source: config('in', { address: `127.0.0.1:${port}` }),
          }),
        ]),
        {
          name: 'baker',
          type: 'component',
          properties: {
            image: pathToFileURL(path).href,
            ...config('baker', { collector }),
          },
          traits: [
            spread,
            link('outgoing-handler', {
              target: { name: 'client', ...config('out', { allowed_hosts: collector }) },
            }),
          ],
        },
        capability('client', 'http-client', []),
      ],
    },
  }
}
