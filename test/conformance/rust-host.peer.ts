import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { connect } from 'nats'
import { decodeOtlp } from '../support/decode-otlp.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { pinComponent } from '../support/pin-component.ts'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, type RunningWeft, root } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { type Running, startProgram } from './run-program.ts'
import { textAt } from './text-at.ts'

const program = findPeer('rust-host', 'build it with `node test/conformance/build.ts rust-host`')
const guest = (path: string) => pathToFileURL(join(root, path)).href
const gateway = guest('manifests/chain/gateway/gateway.wasm')
const greeter = guest('manifests/chain/greeter/greeter.wasm')
const relay = guest('test/guests/relay/relay.wasm')
const kv = guest('test/guests/kv-p2/kv-p2.wasm')

interface Inventory {
  readonly friendly_name: string
  readonly labels: Readonly<Record<string, string>>
  readonly components: readonly { readonly id: string; readonly max_instances: number }[]
  readonly providers: readonly { readonly id: string }[]
}

describe('a wasmCloud 1.9.2 host and a Weft host share a lattice', { skip: program.skip }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let up: RunningWeft
  let rust: Running
  let onWeft: string
  let onRust: string

  before(async () => {
    place = await openWorkplace()
    receiver = await startOtlpReceiver()
    up = place.start(['up', '--port', '0', '--threads', '1', '--label', 'host=weft'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    })
    await up.seen(/weft is up/)
    const url = String(/nats:\/\/127\.0\.0\.1:\d+/.exec(up.output()))
    rust = startProgram(program.path, [url, 'default', receiver.url], place.env)
    await rust.seen(/ready/)
    const hosts = await until(
      async () => {
        const all = await inventory()
        return all.length === 2 ? all : undefined
      },
      { timeoutMs: 20_000 },
    )
    const named = (label: string) => hosts.find((host) => host.labels['host'] === label)?.friendly_name ?? ''
    onWeft = named('weft')
    onRust = named('rust')
  })
  after(async () => {
    await rust?.stop()
    await place?.close()
    await receiver?.stop()
  })

  const ok = async (...args: readonly string[]) => {
    const { code, out, err } = await place.run(args)
    assert.equal(code, 0, `weft ${args.join(' ')}: ${err}\n${rust.output().slice(-3000)}`)
    return out
  }
  const inventory = async () => JSON.parse(await ok('get', 'inventory', '-o', 'json')) as Inventory[]
  const start = (host: string, id: string, ref: string) => ok('scale', id, '5', '--ref', ref, '--host', host)

  /** An HTTP server on a host in front of a component; gives its URL. */
  const serve = async (host: string, id: string, component: string) => {
    const address = `127.0.0.1:${await freePort()}`
    await ok('config', 'put', id, `address=${address}`)
    await ok('start', 'provider', id, 'wasmcloud+builtin://http-server', '--host', host)
    await ok('link', 'put', id, component, 'wasi:http/incoming-handler', '--source-config', id)
    return `http://${address}`
  }

  test('commands, config and links of one are seen by the other', async () => {
    await ok('config', 'put', 'shared', 'a=b')
    await ok('label', 'put', onRust, 'zone=eu')
    const labels = (await inventory()).find((host) => host.friendly_name === onRust)?.labels
    assert.equal(labels?.['zone'], 'eu')
    // Either host may be the one that answers.
    for (let round = 0; round < 10; round++) {
      await ok('link', 'put', `a-${round}`, 'b', 'x:y/z', '--source-config', 'shared')
      assert.match(await ok('get', 'links'), new RegExp(`a-${round} `))
      await ok('link', 'del', `a-${round}`, 'x:y')
    }
    assert.match(await ok('get', 'links'), /no links/)
    await ok('config', 'del', 'shared')
  })

  test('Weft to Rust to Weft: components call each other over links, in one trace', async () => {
    await start(onWeft, 'gateway', gateway)
    await start(onRust, 'relay', relay)
    await start(onWeft, 'greeter', greeter)
    await ok('link', 'put', 'gateway', 'relay', 'weft-example:greetings/greeter')
    await ok('link', 'put', 'relay', 'greeter', 'weft-example:greetings/greeter')
    const url = await serve(onWeft, 'web', 'gateway')
    assert.match(await until(() => textAt(`${url}/?name=Ada`), { timeoutMs: 30_000 }), /Hello Ada.*relayed/)

    const traceId = '0af7651916cd43dd8448eb211c80319c'
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`
    const answer = await fetch(`${url}/?name=Bob`, { headers: { traceparent } })
    assert.match(await answer.text(), /Hello Bob.*relayed/)
    const spans = () => spansAt(receiver).filter((span) => span.traceId === traceId)
    const services = ['gateway', 'rust-host', 'greeter']
    await receiver.until(
      () =>
        services.every((name) => spans().some((span) => span.service === name)) &&
        spans().some((span) => span.parentSpanId === 'b7ad6b7169203331'),
      30_000,
    )
    const ids = new Set(spans().map((span) => span.spanId))
    const roots = spans().filter((span) => !ids.has(span.parentSpanId))
    assert.deepEqual(
      roots.map((span) => span.parentSpanId),
      ['b7ad6b7169203331'],
      'every span hangs under the request',
    )
    const path: string[] = []
    const parentOf = (id: string) => spans().find((span) => span.spanId === id)
    let at = spans().find((span) => span.service === 'greeter' && span.name.endsWith('greet'))
    for (; at; at = parentOf(at.parentSpanId)) path.unshift(at.service)
    assert.deepEqual([...new Set(path)], services)
  })

  // Its HTTP server knows only components on its own host.
  test('Rust to Weft: behind the HTTP server of a Rust host, a component there calls one on Weft', async () => {
    await start(onRust, 'rust-gateway', gateway)
    await ok('link', 'put', 'rust-gateway', 'greeter', 'weft-example:greetings/greeter')
    const url = await serve(onRust, 'rust-web', 'rust-gateway')
    assert.match(await until(() => textAt(`${url}/?name=Eve`), { timeoutMs: 30_000 }), /Hello Eve/)
  })

  test('a component on a Rust host uses a key-value provider, and is called over HTTP, of Weft', async () => {
    await start(onRust, 'kv', kv)
    await ok('start', 'provider', 'store', 'wasmcloud+builtin://keyvalue-nats', '--host', onWeft)
    await ok('link', 'put', 'kv', 'store', 'wasi:keyvalue/store,atomics,batch')
    const url = await serve(onWeft, 'kv-web', 'kv')
    assert.match(await until(() => textAt(`${url}/set?a=1`), { timeoutMs: 30_000 }), /set/)
    const text = async (path: string) => (await textAt(`${url}${path}`))?.trim()
    assert.equal(await text('/get?a'), '1')
    assert.equal(await text('/increment?n=5'), '5')
    assert.equal(await text('/increment?n=5'), '10')
    assert.match(String(await text('/keys?')), /a/)
    assert.equal(await text('/delete?a'), 'deleted')
    assert.equal(await text('/exists?a'), 'false')
  })

  test('bodies stream through a component on a Rust host, both ways', async () => {
    await start(onRust, 'echo', guest('test/guests/http-hello-p2/http-hello-p2.wasm'))
    const url = await serve(onWeft, 'echo-web', 'echo')
    await until(() => textAt(url), { timeoutMs: 30_000 })
    const body = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251))
    const answer = await fetch(`${url}/echo`, { method: 'POST', body })
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(body))
    const chunks: string[] = []
    const reader = (await fetch(`${url}/stream`)).body?.getReader()
    for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
      chunks.push(Buffer.from(read.value as Uint8Array).toString())
    assert.ok(chunks.length > 1, `in one piece: ${chunks}`)
  })

  test("a component on a Rust host keeps objects in Weft's blobstore-nats", async () => {
    await start(onRust, 'blobs', guest('test/guests/blobs-p2/blobs-p2.wasm'))
    await ok('start', 'provider', 'objects', 'wasmcloud+builtin://blobstore-nats', '--host', onWeft)
    await ok('link', 'put', 'blobs', 'objects', 'wasi:blobstore/blobstore')
    const url = await serve(onWeft, 'blobs-web', 'blobs')
    const text = async (path: string) => (await (await fetch(`${url}${path}`)).text()).trim()
    assert.equal((await until(() => textAt(`${url}/create?box`), { timeoutMs: 30_000 })).trim(), 'box')
    const body = Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, at) => at % 251))
    const put = await fetch(`${url}/put?box&big`, { method: 'PUT', body })
    assert.equal((await put.text()).trim(), '3000000 bytes')
    const got = Buffer.from(await (await fetch(`${url}/get?box&big`)).arrayBuffer())
    assert.ok(got.equals(body), `${got.length} bytes came back`)
    // Not `/size`: the Rust host traps a guest that asks a value for its size.
    assert.equal(await text('/has?box&big'), 'true')
    assert.match(await text('/object?box&big'), /^box\/big 3000000 /)
    assert.match(await text('/list?box'), /big/)
    assert.equal(await text('/copy?box&big&box&other'), 'copied')
    assert.equal(await text('/has?box&other'), 'true')
    assert.match(await text('/get?box&none'), /no object none/)
  })

  test("a component on a Rust host sends, asks and handles by Weft's messaging-nats", async () => {
    await start(onRust, 'messages', guest('test/guests/messaging-p2/messaging-p2.wasm'))
    await ok('start', 'provider', 'nats', 'wasmcloud+builtin://messaging-nats', '--host', onWeft)
    await ok('config', 'put', 'topics', 'subscriptions=test.ask,test.tell')
    await ok('link', 'put', 'messages', 'nats', 'wasmcloud:messaging/consumer')
    await ok('link', 'put', 'nats', 'messages', 'wasmcloud:messaging/handler', '--source-config', 'topics')
    const url = await serve(onWeft, 'messages-web', 'messages')
    const answer = await until(() => textAt(`${url}/request?test.ask=hello`), { timeoutMs: 30_000 })
    assert.match(answer, /test\.ask: hello/)
    const told = Promise.withResolvers<string>()
    const nats = await connect({ servers: String(/nats:\/\/127\.0\.0\.1:\d+/.exec(up.output())) })
    nats.subscribe('test.heard', { callback: (_, message) => told.resolve(message.string()) })
    await nats.flush()
    nats.publish('test.tell', 'onward test.heard')
    assert.equal(await told.promise, 'onward')
    await nats.close()
  })

  test("a component on a Rust host sends HTTP by Weft's http-client, and no further than its link allows", async () => {
    const outside = createServer((_, response) => response.writeHead(418).end('x'.repeat(200_000)))
    await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve))
    try {
      const backend = `127.0.0.1:${(outside.address() as AddressInfo).port}`
      await start(onRust, 'fetch', guest('test/guests/http-fetch-p2/http-fetch-p2.wasm'))
      await ok('start', 'provider', 'client', 'wasmcloud+builtin://http-client', '--host', onWeft)
      await ok('config', 'put', 'allowed', `allowed_hosts=${backend}`)
      const link = ['fetch', 'client', 'wasi:http/outgoing-handler', '--target-config', 'allowed']
      await ok('link', 'put', ...link)
      const url = await serve(onWeft, 'fetch-web', 'fetch')
      const answer = await until(() => textAt(`${url}/?${backend}/tea`), { timeoutMs: 30_000 })
      assert.equal(answer, `418 ${'x'.repeat(200_000)}`)
      assert.match(String(await textAt(`${url}/?127.0.0.1:1/`)), /HttpRequestDenied/)
    } finally {
      outside.close()
    }
  })

  test('weft call asks a component on a Rust host', async () => {
    const answer = await ok('call', 'relay', 'weft-example:greetings/greeter.measure', '"Ada Lovelace"')
    assert.deepEqual(JSON.parse(answer), {
      letters: 11,
      words: [
        { text: 'Ada', letters: 3 },
        { text: 'Lovelace', letters: 8 },
      ],
    })
  })

  test("Weft's controller deploys over both, and takes it away", async () => {
    const { path, url } = await place.manifest('manifests/chain/app.yaml', (text) =>
      ['greeter rust', 'gateway weft', 'http weft'].reduce((changed, pin) => {
        const [component = '', host] = pin.split(' ')
        return pinComponent(changed, component, `host: ${host}`)
      }, text),
    )
    await ok('app', 'deploy', path)
    assert.match(await until(() => textAt(`${url}/?name=Zoe`), { timeoutMs: 30_000 }), /Hello Zoe/)
    const found = await inventory()
    const holders = (id: string) =>
      found.filter((host) => host.components.some((one) => one.id === id)).map((host) => host.friendly_name)
    assert.deepEqual([holders('chain-greeter'), holders('chain-gateway')], [[onRust], [onWeft]])
    assert.match(await ok('app', 'status', 'chain'), /deployed/)
    await ok('app', 'undeploy', 'chain')
    const left = (await inventory()).flatMap((host) => [...host.components, ...host.providers])
    assert.deepEqual(
      left.filter(({ id }) => id.startsWith('chain-')),
      [],
    )
  })

  test('both run the same component: calls go to both, and go on when the Rust host is killed', async () => {
    await start(onRust, 'greeter', greeter)
    await ok('link', 'del', 'gateway', 'weft-example:greetings')
    await ok('link', 'put', 'gateway', 'greeter', 'weft-example:greetings/greeter')
    await start(onRust, 'gateway', gateway)
    const url = await serve(onWeft, 'both-web', 'gateway')
    await until(() => textAt(`${url}/?name=Ada`), { timeoutMs: 30_000 })
    for (let round = 0; round < 40; round++)
      assert.match(String(await textAt(`${url}/?name=${round}`)), new RegExp(`Hello ${round}`))
    await rust.stop()
    await until(() => textAt(`${url}/?name=Ada`), { timeoutMs: 30_000 })
    for (let round = 0; round < 40; round++)
      assert.match(String(await textAt(`${url}/?name=${round}`)), new RegExp(`Hello ${round}`))
  })
})

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  readonly service: string
}

/** All spans that came: Weft's as JSON, the Rust host's as protobuf. */
function spansAt(receiver: OtlpReceiver): Span[] {
  const json = receiver.spans().map((span) => ({ ...span, service: String(span.resource['service.name']) }))
  const protobuf = receiver.requests
    .filter((request) => request.path === '/v1/traces' && request.contentType !== 'application/json')
    .flatMap((request) => {
      const traces = decodeOtlp('traces', request.raw) as unknown as {
        resourceSpans?: { scopeSpans: { spans: Omit<Span, 'service'>[] }[] }[]
      }
      return (traces.resourceSpans ?? []).flatMap((one) => one.scopeSpans.flatMap(({ spans }) => spans))
    })
    .map((span) => ({ ...span, service: 'rust-host' }))
  return [...json, ...protobuf]
}
