import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, test } from 'node:test'
import httpServer from '../../providers/http-server.ts'
import type { Call, Invoke } from '../../src/call/call.ts'
import type { HttpFields, HttpRequest, HttpResult } from '../../src/capability/http.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import type { Provider, ProviderLink } from '../../src/provider.ts'
import { providerContext } from '../support/provider-context.ts'
import { freePort } from '../support/weft.ts'

let running: Provider | undefined
afterEach(() => running?.stop())

const linkWith = (sourceConfig: Record<string, string>): ProviderLink => ({
  source: 'http',
  target: 'hello',
  name: 'default',
  namespace: 'wasi',
  package: 'http',
  interfaces: ['incoming-handler'],
  sourceConfig,
  targetConfig: {},
})

async function start(invoke: Invoke, config: Record<string, string> = {}): Promise<string> {
  const port = await freePort()
  running = await httpServer.start(providerContext({ id: 'http', invoke }))
  await running.putLink(linkWith({ address: `127.0.0.1:${port}`, ...config }))
  return `http://127.0.0.1:${port}`
}

/** Everything that comes back until the server closes the connection. */
async function rawAnswer(url: string, bytes: Uint8Array): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(bytes)
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

async function* once(bytes: Uint8Array) {
  yield bytes
}

async function* chunks(...texts: string[]) {
  for (const text of texts) yield new Uint8Array(Buffer.from(text))
}
const answer = (status: number, ...texts: string[]): HttpResult => ({
  tag: 'ok',
  val: {
    status,
    headers: [
      ['x-test', [Buffer.from('a'), Buffer.from('b')]],
      ['connection', [Buffer.from('upgrade')]],
    ],
    body: chunks(...texts),
    trailers: Promise.resolve(undefined),
  },
})

test('a request reaches the linked component with all that belongs to it', async () => {
  let seen: Call | undefined
  let body = ''
  const url = await start(async (call) => {
    seen = call
    for await (const chunk of (call.args[0] as HttpRequest).body) body += Buffer.from(chunk)
    return answer(201, 'he', 'llo')
  })
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`
  const response = await fetch(`${url}/path?q=1`, {
    method: 'PUT',
    body: 'data',
    headers: { traceparent, baggage: 'user=1' },
  })
  assert.equal(response.status, 201)
  assert.equal(await response.text(), 'hello')
  assert.equal(response.headers.get('x-test'), 'a, b')
  const request = seen?.args[0] as HttpRequest
  assert.equal(seen?.target, 'hello')
  assert.deepEqual(request.method, { tag: 'put' })
  assert.equal(request.pathWithQuery, '/path?q=1')
  assert.equal(body, 'data')
  assert.equal(seen?.context.trace?.traceId, 'a'.repeat(32))
  assert.equal(seen?.context.baggage, 'user=1')
})

test('headers and trailers of a request keep each byte', async () => {
  let headers: string | undefined
  let trailers: string | undefined
  const hexOf = (fields: HttpFields | undefined) =>
    fields?.find(([name]) => name === 'x-bytes')?.[1].map((value) => Buffer.from(value).toString('hex'))
  const url = await start(async (call) => {
    const request = call.args[0] as HttpRequest
    headers = `${hexOf(request.headers)}`
    for await (const _ of request.body);
    trailers = `${hexOf(await request.trailers)}`
    return answer(200)
  })
  const bytes = 'Zo\xc3\xab \xe9\xff'
  const text = `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nX-Bytes: ${bytes}\r\nx-bytes: 2\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Bytes: ${bytes}\r\n\r\n`
  assert.match(await rawAnswer(url, Buffer.from(text, 'latin1')), /^HTTP\/1.1 200 /)
  assert.equal(headers, '5a6fc3ab20e9ff,32')
  assert.equal(trailers, '5a6fc3ab20e9ff')
})

test('the trailers of a request whose body nobody reads, or that breaks off, end too', async () => {
  const trailers: Promise<HttpFields | undefined>[] = []
  const asked = Promise.withResolvers<void>()
  const url = await start(async (call) => {
    trailers.push((call.args[0] as HttpRequest).trailers)
    if (trailers.length === 2) asked.resolve()
    return answer(200)
  })
  const head = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n'
  await rawAnswer(url, Buffer.from(`${head}connection: close\r\n\r\n1\r\na\r\n0\r\n\r\n`))
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(`${head}\r\n1\r\na\r\n`))
  await asked.promise
  socket.destroy()
  assert.deepEqual(await Promise.all(trailers), [undefined, undefined])
})

const failures: readonly (readonly [ConstructorParameters<typeof WeftError>[0], number])[] = [
  ['trapped', 500],
  ['internal', 500],
  ['deadline', 504],
  ['exhausted', 503],
  ['not_found', 503],
  ['denied', 403],
]
for (const [code, status] of failures) {
  test(`a call that fails with ${code} is answered with ${status}, without the inside`, async () => {
    const url = await start(() => Promise.reject(new WeftError(code, 'at secret.wasm:1')))
    const response = await fetch(url)
    assert.equal(response.status, status)
    if (status === 500) assert.equal(await response.text(), 'internal error\n')
  })
}

test('a request body that is too long is the client’s to mend: 413', async () => {
  const tooLong = new WeftError('exhausted', 'longer than 10 bytes', { limit: 'request-body' })
  const response = await fetch(await start(() => Promise.reject(tooLong)))
  assert.deepEqual([response.status, await response.text()], [413, 'longer than 10 bytes\n'])
})

test('an error-code of the component is 500', async () => {
  const url = await start(async () => ({ tag: 'err', val: { tag: 'internal-error', val: 'x' } }))
  const answered = await fetch(url)
  assert.equal(answered.status, 500)
  await answered.text()
})

test('HEAD has the head and no body', async () => {
  const url = await start(async () => answer(200, 'body'))
  const response = await fetch(url, { method: 'HEAD' })
  assert.equal(response.headers.get('x-test'), 'a, b')
  assert.equal(await response.text(), '')
})

test('a client that hangs up cancels the call', async () => {
  const cancelled = Promise.withResolvers<unknown>()
  const url = await start(
    (call) =>
      new Promise((_, reject) => {
        call.signal.addEventListener('abort', () => {
          cancelled.resolve(call.signal.reason)
          reject(call.signal.reason)
        })
      }),
  )
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    setImmediate(() => setTimeout(() => socket.destroy(), 20))
  })
  assert.equal(((await cancelled.promise) as WeftError).code, 'cancelled')
})

test('a request that stops being HTTP is cancelled for that reason, not for a client that left', async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const url = await start((call) => {
    call.signal.addEventListener('abort', () => resolve(call.signal.reason))
    return new Promise(() => {})
  })
  const head = 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n'
  assert.match(await rawAnswer(url, Buffer.from(`${head}zz\r\n`)), /^HTTP\/1.1 400 /)
  const reason = WeftError.from(await promise)
  assert.deepEqual([reason.code, /what is not HTTP: .*chunk size/.test(reason.message)], ['cancelled', true])
})

test('a client that hangs up cancels also the calls of requests that wait behind another', async () => {
  const cancelled: Promise<unknown>[] = []
  const all = Promise.withResolvers<void>()
  const url = await start((call) => {
    cancelled.push(new Promise((resolve) => call.signal.addEventListener('abort', resolve)))
    if (cancelled.length === 3) all.resolve()
    return new Promise(() => {})
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(3)),
  )
  await all.promise
  socket.destroy()
  await Promise.all(cancelled)
})

test('a body that breaks off breaks the connection off', async () => {
  async function* broken() {
    yield new Uint8Array(Buffer.from('begin'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    throw new WeftError('trapped', 'in mid-stream')
  }
  const url = await start(async () => ({
    tag: 'ok',
    val: { ...(answer(200) as { val: object }).val, body: broken() },
  }))
  await assert.rejects(fetch(url).then((response) => response.text()))
})

test('a body that breaks off before anything went out is an error status', async () => {
  async function* broken() {
    yield new Uint8Array(Buffer.from('begin'))
    throw new WeftError('trapped', 'in mid-stream')
  }
  const url = await start(async () => ({
    tag: 'ok',
    val: { ...(answer(200) as { val: object }).val, body: broken() },
  }))
  const answered = await fetch(url)
  assert.equal(answered.status, 500)
  await answered.text()
})

test('a body that is there whole goes out with its length, its bytes unchanged', async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
  const url = await start(async () => ({
    tag: 'ok',
    val: { ...(answer(200) as { val: object }).val, body: once(bytes) },
  }))
  const whole = await fetch(url)
  assert.equal(whole.headers.get('content-length'), '256')
  assert.deepEqual(await whole.bytes(), bytes)
})

test('a body that takes its time goes out in chunks', async () => {
  async function* slow() {
    yield new Uint8Array(Buffer.from('a'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    yield new Uint8Array(Buffer.from('b'))
  }
  const url = await start(async () => ({
    tag: 'ok',
    val: { ...(answer(200) as { val: object }).val, body: slow() },
  }))
  const chunked = await fetch(url)
  assert.equal(chunked.headers.get('content-length'), null)
  assert.equal(await chunked.text(), 'ab')
})

test('nothing of a body is lost, whenever its chunks come', async () => {
  for (let turns = 0; turns < 5; turns++) {
    const url = await start(async () => {
      const result = answer(200)
      const body = (async function* () {
        for (const text of ['a', 'b', 'c', 'd']) {
          for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
          yield new Uint8Array(Buffer.from(text))
        }
      })()
      return result.tag === 'ok' ? { ...result, val: { ...result.val, body } } : result
    })
    assert.equal(await (await fetch(url)).text(), 'abcd')
    await running?.stop()
  }
})

test('the deadline comes from timeout_ms', async () => {
  let deadline = 0
  const url = await start(
    async (call) => {
      deadline = call.context.deadline
      return answer(200)
    },
    { timeout_ms: '5000' },
  )
  await fetch(url)
  const left = deadline - preciseNow()
  assert.ok(left <= 5_000 && left > 3_000, String(left))
})

test('a link that is deleted lets go of a client that asks again on an open connection', async () => {
  let deleted: Promise<void> | undefined
  const url = await start(async () => {
    deleted ??= running?.deleteLink(linkWith({}))
    return answer(200, 'hello')
  })
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const ask = () => socket.write('GET / HTTP/1.1\r\nhost: here\r\n\r\n')
  const answers: string[] = []
  ask()
  for await (const chunk of socket) {
    answers.push(String(chunk))
    assert.ok(answers.length < 5, 'served on')
    ask()
  }
  await deleted
  assert.match(answers.join(''), /connection: close/i)
  await assert.rejects(fetch(url))
})

test('a port that is taken is named with what to do', async () => {
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  try {
    await start(async () => answer(200))
    await assert.rejects(
      running?.putLink({ ...linkWith({ address: `127.0.0.1:${port}` }), name: 'second' }) ??
        Promise.resolve(),
      {
        code: 'unavailable',
        message: new RegExp(`cannot listen on 127\\.0\\.0\\.1:${port}: another program listens there`),
      },
    )
    assert.match((await running?.health?.()) ?? '', /another program/)
  } finally {
    other.close()
  }
})

test('a port that another provider or link of the host has is told with the application that has it', async () => {
  const port = await freePort()
  const listeners = new Map<string, string>()
  const open = (id: string, application: string) =>
    httpServer.start(providerContext({ id, application, listeners, invoke: async () => answer(200) }))
  const shop = await open('shop-http', 'shop')
  const blog = await open('blog-http', 'blog')
  const at = (host: string, name = 'default') => ({ ...linkWith({ address: `${host}:${port}` }), name })
  const shopLink = { ...at('127.0.0.1'), source: 'shop-http', target: 'cart' }
  const held =
    /: provider shop-http of application shop \(link default to cart\) listens there: set another `address`/
  try {
    await shop.putLink(shopLink)
    for (const host of ['127.0.0.1', '0.0.0.0'])
      await assert.rejects(blog.putLink({ ...at(host), source: 'blog-http' }), {
        code: 'unavailable',
        message: held,
      })
    await assert.rejects(shop.putLink({ ...at('127.0.0.1', 'second'), source: 'shop-http' }), {
      message: held,
    })
    await shop.deleteLink(shopLink)
    await blog.putLink({ ...at('127.0.0.1'), source: 'blog-http' })
  } finally {
    await shop.stop()
    await blog.stop()
  }
})

for (const [key, value] of [
  ['address', 'nonsense'],
  ['address', '127.0.0.1:99999'],
  ['timeout_ms', 'soon'],
] as const) {
  test(`link config ${key}=${value} is refused with an example`, async () => {
    await start(async () => answer(200))
    await assert.rejects(
      running?.putLink({ ...linkWith({ [key]: value }), name: 'second' }) ?? Promise.resolve(),
      {
        code: 'invalid',
        message: new RegExp(`link config \`${key}\`: expected .* such as .*${RegExp.escape(value)}`),
      },
    )
  })
}

/** A provider that has all its links on one port. */
async function shared(config: Record<string, string>, links: readonly Record<string, string>[]) {
  const address = `127.0.0.1:${await freePort()}`
  const seen: Call[] = []
  const context = providerContext({
    id: 'http',
    config: { ...config, default_address: address },
    invoke: async (call) => answer(200, call.target),
    enter: (call, next) => {
      seen.push(call)
      return next(call)
    },
  })
  running = await httpServer.start(context)
  for (const [at, link] of links.entries())
    await running.putLink({ ...linkWith(link), name: `link-${at}`, target: `component-${at}` })
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await requestOf(`http://${address}${path}`, headers)
    return `${response.status} ${response.text.trim()}`
  }
  return { get, seen, provider: running, address }
}

/** `fetch` sets its own Host. */
function requestOf(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
    })
      .on('error', reject)
      .end()
  })
}

test('routed by path, several components share a port: the exact path, else the longest that is above', async () => {
  const links = [{ path: '/orders' }, { path: '/orders/*' }, { path: '/*' }, { path: '/orders/new/*' }]
  const { get, seen } = await shared({ routing_mode: 'path' }, links)
  assert.equal(await get('/orders'), '200 component-0')
  assert.equal(await get('/orders?x=1'), '200 component-0')
  assert.equal(await get('/orders/7'), '200 component-1')
  assert.equal(await get('/orders/'), '200 component-1')
  assert.equal(await get('/orders/new/one'), '200 component-3')
  assert.equal(await get('/ordersandmore'), '200 component-2')
  assert.equal(await get('/'), '200 component-2')
  assert.deepEqual(
    seen.map((call) => call.route),
    ['/orders', '/orders', '/orders/*', '/orders/*', '/orders/new/*', '/*', '/*'],
  )
  assert.deepEqual(
    seen.map((call) => call.recipient),
    [0, 0, 1, 1, 3, 2, 2].map((at) => `component-${at}`),
    'each enters for the component that it is routed to',
  )
})

test('routed by path, what matches nothing is 404, also after its link has gone', async () => {
  const { get, provider } = await shared({ ROUTING_MODE: 'path' }, [{ path: '/a' }, { path: '/b' }])
  assert.equal(await get('/c'), '404 path not found')
  assert.equal(await get('/b'), '200 component-1')
  await provider.deleteLink({ ...linkWith({ path: '/b' }), name: 'link-1' })
  assert.equal(await get('/b'), '404 path not found')
  assert.equal(await get('/a'), '200 component-0')
})

test('routed by host, with or without its port, in any case; a strange one is 404', async () => {
  const { get } = await shared({ routing_mode: 'host' }, [
    { host: 'shop.example' },
    { host: 'api.example:81' },
  ])
  assert.equal(await get('/', { host: 'Shop.example' }), '200 component-0')
  assert.equal(await get('/', { host: 'shop.example:8080' }), '200 component-0')
  assert.equal(await get('/', { host: 'api.example:81' }), '200 component-1')
  assert.equal(await get('/', { host: 'api.example' }), '404 host not found')
})

test('routed by a header of the operator’s choice, a request without it is 400', async () => {
  const byHeader = await shared({ routing_mode: 'host', header: 'X-Tenant' }, [{ host: 'acme' }])
  assert.equal(await byHeader.get('/', { 'x-tenant': 'acme' }), '200 component-0')
  assert.equal(await byHeader.get('/'), '400 no host given')
})

test('a link that moves keeps the shared port open, and may change its path', async () => {
  const { get, provider } = await shared({ routing_mode: 'path' }, [{ path: '/a' }])
  const before = { ...linkWith({ path: '/a' }), name: 'link-0' }
  await provider.moveLink?.(before, { ...before, target: 'other', sourceConfig: { path: '/b' } })
  assert.equal(await get('/b'), '200 other')
  assert.equal(await get('/a'), '404 path not found')
})

test('a path that is taken, is missing or is none is refused, and the others go on', async () => {
  const { get, provider } = await shared({ routing_mode: 'path' }, [{ path: '/a' }])
  const put = (config: Record<string, string>) => provider.putLink({ ...linkWith(config), name: 'new' })
  await assert.rejects(put({ path: '/a' }), {
    code: 'invalid',
    message: /path \/a already leads to component-0 \(link link-0\)/,
  })
  assert.match((await provider.health?.()) ?? '', /already leads to/)
  for (const config of [{}, { path: 'a' }, { path: '/a*' }, { path: '/a b' }])
    await assert.rejects(put(config), { code: 'invalid', message: /`path`: the provider routes by path/ })
  assert.equal(await get('/a'), '200 component-0')
})

test('a routing mode that there is not stops the provider with the ones that there are', async () => {
  await assert.rejects(shared({ routing_mode: 'magic' }, []), {
    code: 'invalid',
    message: /`routing_mode`: expected address, path or host, got "magic"/,
  })
  running = undefined
})
