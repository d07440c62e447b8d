import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { afterEach, test } from 'node:test'
import httpServer from '../../providers/http-server.ts'
import type { Call, Invoke } from '../../src/call/call.ts'
import type { HttpRequest, HttpResult } from '../../src/capability/http.ts'
import { WeftError } from '../../src/errors.ts'
import { createLog } from '../../src/log.ts'
import type { Provider, ProviderLink } from '../../src/provider.ts'
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
  running = await httpServer.start({
    id: 'http',
    hostId: 'N',
    lattice: 'test',
    natsUrl: '',
    isLeader: true,
    config: {},
    log: createLog(() => {}),
    invoke,
    enter: (call, next) => next(call),
  })
  await running.putLink(linkWith({ address: `127.0.0.1:${port}`, ...config }))
  return `http://127.0.0.1:${port}`
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
  assert.ok(deadline - Date.now() <= 5_000 && deadline - Date.now() > 3_000)
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
