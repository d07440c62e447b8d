import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import httpClient from '../../providers/http-client.ts'
import type { Call } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import type { HttpRequest, HttpResponse, HttpResult } from '../../src/capability/http.ts'
import { outgoingHandler } from '../../src/capability/http-wit.ts'
import type { Provider } from '../../src/provider.ts'
import { providerContext } from '../support/provider-context.ts'
import { freePort } from '../support/weft.ts'

let provider: Provider | undefined
let server: Server | undefined
afterEach(async () => {
  await provider?.stop()
  server?.closeAllConnections()
  server?.close()
})

/** Starts a server and the provider, linked to `guest` with this config; gives what sends a request. */
async function start(listener: RequestListener, config: Record<string, string> = {}) {
  server = createServer(listener).listen(0, '127.0.0.1')
  await new Promise((resolve) => server?.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  provider = await httpClient.start(providerContext({ id: 'http-client' }))
  await provider.putLink({
    source: 'guest',
    target: 'http-client',
    name: 'default',
    namespace: 'wasi',
    package: 'http',
    interfaces: ['outgoing-handler'],
    sourceConfig: {},
    targetConfig: config,
  })
  const send = (more: Partial<HttpRequest> = {}, options?: object, signal?: AbortSignal) =>
    provider?.serve?.(callOf(requestTo(`127.0.0.1:${port}`, more), options, signal)) as Promise<HttpResult>
  return { send, port }
}

function requestTo(authority: string, more: Partial<HttpRequest>): HttpRequest {
  return {
    method: { tag: 'get' },
    scheme: { tag: 'HTTP' },
    authority,
    pathWithQuery: '/',
    headers: [],
    body: chunks(),
    trailers: Promise.resolve(undefined),
    ...more,
  }
}

function callOf(request: HttpRequest, options: object | undefined, signal?: AbortSignal): Call {
  const handler = outgoingHandler()
  const [handle] = handler.functions
  if (!handle) throw new Error('no handle')
  return {
    source: 'guest',
    target: 'http-client',
    operation: { interface: handler.id, function: handle },
    args: [request, options],
    context: {
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: 'v=1' },
      baggage: 'user=1',
      deadline: Date.now() + 10_000,
      linkName: 'default',
    },
    signal: signal ?? new AbortController().signal,
    course: new CallCourse(),
  }
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

const ok = (result: HttpResult): HttpResponse =>
  result.tag === 'ok' ? result.val : assert.fail(`error ${result.val.tag}`)
const text = async ({ body }: HttpResponse) => Buffer.concat(await Array.fromAsync(body)).toString()
const errorOf = (result: HttpResult) => (result.tag === 'err' ? result.val.tag : 'ok')

test('a request goes out with method, path, headers and trace, its answer comes back', async () => {
  let seen: IncomingMessage | undefined
  const { send } = await start((req, res) => {
    seen = req
    res.writeHead(
      201,
      [
        ['x-many', 'a'],
        ['x-many', 'b'],
      ].flat(),
    )
    res.end('hello')
  })
  const response = ok(
    await send({ pathWithQuery: '/path?q=1', headers: [['x-test', [Buffer.from('1'), Buffer.from('2')]]] }),
  )
  assert.deepEqual([response.status, await text(response)], [201, 'hello'])
  assert.deepEqual(
    response.headers.find(([name]) => name === 'x-many')?.[1].map((value) => `${Buffer.from(value)}`),
    ['a', 'b'],
  )
  assert.deepEqual([seen?.method, seen?.url, seen?.headers['x-test']], ['GET', '/path?q=1', '1, 2'])
  assert.equal(seen?.headers['traceparent'], `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`)
  assert.deepEqual([seen?.headers['tracestate'], seen?.headers['baggage']], ['v=1', 'user=1'])
  assert.equal(seen?.headers['transfer-encoding'], undefined, 'a GET without a body announces none')
})

test('a traceparent of the guest stands', async () => {
  let seen: string | undefined
  const { send } = await start((req, res) => {
    seen = req.headers['traceparent'] as string
    res.end()
  })
  await text(ok(await send({ headers: [['traceparent', [Buffer.from('own')]]] })))
  assert.equal(seen, 'own')
})

test('bodies stream both ways, with trailers', async () => {
  const { send } = await start((req, res) => {
    res.writeHead(200, { trailer: 'x-sum' })
    req.pipe(res, { end: false })
    req.on('end', () => {
      res.addTrailers({ 'x-sum': String(req.trailers['x-sent']) })
      res.end()
    })
  })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const body = (async function* () {
    yield Buffer.from('one ')
    await gate
    yield Buffer.from('two')
  })()
  const response = ok(
    await send({
      method: { tag: 'post' },
      body,
      trailers: Promise.resolve([['x-sent', [Buffer.from('yes')]]] as const),
    }),
  )
  const received: string[] = []
  for await (const chunk of response.body) {
    received.push(String(Buffer.from(chunk)))
    // The first chunk came back before the second was sent.
    open()
  }
  assert.equal(received.join(''), 'one two')
  const trailers = await response.trailers
  assert.deepEqual(
    trailers?.map(([name, values]) => [name, values.map((value) => `${Buffer.from(value)}`)]),
    [['x-sum', ['yes']]],
  )
})

test('only allowed hosts are reached, by name and port', async () => {
  const { send, port } = await start((_req, res) => res.end('in'), {
    allowed_hosts: '127.0.0.1:1, *.example.org',
  })
  assert.equal(errorOf(await send()), 'HTTP-request-denied')
  await provider?.putLink({
    source: 'guest',
    target: 'http-client',
    name: 'default',
    namespace: 'wasi',
    package: 'http',
    interfaces: ['outgoing-handler'],
    sourceConfig: {},
    targetConfig: { allowed_hosts: `127.0.0.1:${port}` },
  })
  assert.equal(await text(ok(await send())), 'in')
  assert.equal(errorOf(await send({ authority: `127.0.0.1:${port}@evil.example` })), 'HTTP-request-denied')
  assert.equal(errorOf(await send({ authority: `evil.example/127.0.0.1:${port}` })), 'HTTP-request-denied')
})

test('what goes wrong has its error code', async () => {
  const { send } = await start((req, res) => {
    if (req.url === '/hang-up') req.socket.destroy()
    if (req.url === '/never') return
    res.end()
  })
  const closed = await freePort()
  assert.equal(errorOf(await send({ authority: `127.0.0.1:${closed}` })), 'connection-refused')
  assert.equal(errorOf(await send({ pathWithQuery: '/hang-up' })), 'connection-terminated')
  assert.equal(errorOf(await send({ authority: 'no such host' })), 'HTTP-request-URI-invalid')
  assert.equal(errorOf(await send({ scheme: { tag: 'other', val: 'ftp' } })), 'HTTP-request-URI-invalid')
  const options = { firstByteTimeout: 50_000_000n }
  assert.equal(errorOf(await send({ pathWithQuery: '/never' }, options)), 'HTTP-response-timeout')
  const gaveUp = AbortSignal.timeout(50)
  assert.equal(errorOf(await send({ pathWithQuery: '/never' }, undefined, gaveUp)), 'connection-terminated')
})

test('a caller without a link is denied', async () => {
  const { send } = await start((_req, res) => res.end())
  await provider?.deleteLink({
    source: 'guest',
    target: 'http-client',
    name: 'default',
    namespace: 'wasi',
    package: 'http',
    interfaces: ['outgoing-handler'],
    sourceConfig: {},
    targetConfig: {},
  })
  assert.equal(errorOf(await send()), 'HTTP-request-denied')
})
