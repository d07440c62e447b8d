import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { CallCourse } from '../../src/call/course.ts'
import { WeftError } from '../../src/errors.ts'
import type { Serving } from '../../src/wrpc/serve.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { answerAll, bytesInChunks, bytesOf, connectPeer, elementsOf, type Peer } from './peers.ts'

let nats: NatsServer
let server: Peer
let client: Peer
let serving: Serving

before(async () => {
  nats = await startNats()
  server = await connectPeer(nats.url)
  client = await connectPeer(nats.url)
  serving = await server.serve(answerAll)
})

after(async () => {
  await serving?.drain()
  await server?.connection.close()
  await client?.connection.close()
  await nats?.stop()
})

async function nothingIsLeft(): Promise<void> {
  await until(() => client.inbox.size === 0 && server.inbox.size === 0, { what: 'both inboxes are empty' })
}

test('a string comes back', async () => {
  assert.equal(await client.call('echo', ['h€llo']), 'h€llo')
  await nothingIsLeft()
})

test('records, variants, lists and results come back', async () => {
  const point = { x: 1, yAxis: -5n, tags: ['a', ''] }
  const shape = { tag: 'path', val: [point, { x: 0, yAxis: 2n ** 40n, tags: [] }] }
  assert.deepEqual(await client.call('move', [point, shape]), { tag: 'ok', val: [point, shape] })
  await nothingIsLeft()
})

test('a function without params and result is called', async () => {
  assert.equal(await client.call('nothing', []), undefined)
  assert.equal(await client.call('note', ['x']), undefined)
  assert.equal(typeof (await client.call('now', [])), 'bigint')
  await nothingIsLeft()
})

test('constructors and methods are served under their plain names', async () => {
  const bucket = await client.call('[constructor]bucket', ['name'])
  assert.deepEqual(await client.call('[method]bucket.get', [bucket, 'key']), bucket)
})

test('3 MB go both ways although a message holds 1 MB', async () => {
  const data = new Uint8Array(3_000_000).map((_, index) => index % 253)
  assert.deepEqual(await client.call('big', [data]), data)
  await nothingIsLeft()
})

test('params that just fit, or just do not fit, the first message arrive', async () => {
  const maxPayload = client.connection.info?.max_payload ?? 0
  for (const size of [maxPayload - 500, maxPayload - 100, maxPayload - 3, maxPayload, maxPayload + 1]) {
    assert.equal(await client.call('count', [new Uint8Array(size)]), size)
  }
})

test('a stream of 5 MB goes up', async () => {
  assert.equal(await client.call('upload', [bytesInChunks(5_000_000)]), 5_000_000n)
  await nothingIsLeft()
})

test('a stream of 5 MB comes down', async () => {
  const stream = await client.call('download', [5_000_000n])
  assert.deepEqual(await bytesOf(stream), await bytesOf(bytesInChunks(5_000_000)))
  await nothingIsLeft()
})

test('an empty stream comes down', async () => {
  assert.equal((await bytesOf(await client.call('download', [0n]))).length, 0)
  await nothingIsLeft()
})

test('chunks larger than a message are cut', async () => {
  const content = bytesInChunks(5_000_000, 5_000_000)
  assert.equal(await client.call('upload', [content]), 5_000_000n)
})

test('empty chunks do not end a stream', async () => {
  async function* chunks() {
    for (const chunk of [[], [1], [], [2, 3], []]) yield chunk
  }
  assert.deepEqual(await elementsOf(await client.call('numbers', [chunks()])), [1, 2, 3])
  await nothingIsLeft()
})

test('a body with trailers goes up and down at the same time', async () => {
  const trailers = Promise.withResolvers<string | undefined>()
  const result = await client.call('pipe', [{ content: bytesInChunks(300_000), trailers: trailers.promise }])
  const { val } = result as { val: { content: unknown; trailers: Promise<unknown> } }
  assert.equal((await bytesOf(val.content)).length, 300_000)
  trailers.resolve('end')
  assert.equal(await val.trailers, 'end')
  await nothingIsLeft()
})

test('a stream is seen while it is still being made', async () => {
  const second = Promise.withResolvers<void>()
  async function* numbers() {
    yield [1]
    await second.promise
    yield [2]
  }
  const stream = await client.call('numbers', [numbers()])
  const iterator = (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]()
  assert.deepEqual((await iterator.next()).value, [1])
  second.resolve()
  assert.deepEqual((await iterator.next()).value, [2])
  assert.equal((await iterator.next()).done, true)
  await nothingIsLeft()
})

test('a future of a future comes back', async () => {
  assert.equal(await client.call('later', [Promise.resolve('x')]), 'x')
  await nothingIsLeft()
})

test('streams of a stream come down', async () => {
  const lengths: number[] = []
  for (const stream of await elementsOf(await client.call('streams', [4]))) {
    lengths.push((await bytesOf(stream)).length)
  }
  assert.deepEqual(lengths, [0, 1000, 2000, 3000])
  await nothingIsLeft()
})

test('a call whose result streams is held until the stream has ended', async () => {
  const course = new CallCourse()
  const stream = await client.call('download', [10n], { course })
  assert.notEqual(course.held, undefined)
  await bytesOf(stream)
  assert.equal(await course.held, undefined)
  const plain = new CallCourse()
  await client.call('echo', ['x'], { course: plain })
  assert.equal(plain.held, undefined)
})

test('a reader that has enough ends the call', async () => {
  const course = new CallCourse()
  const stream = await client.call('download', [1_000_000n], { course })
  for await (const _ of stream as AsyncIterable<unknown>) break
  await course.held
  await nothingIsLeft()
})

test('a server that does not read the params stops the sender', async () => {
  async function* endless() {
    for (;;) {
      yield new Uint8Array(10_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  const other = await server.serve(async () => 7n, { id: 'lazy' })
  const course = new CallCourse()
  assert.equal(await client.call('upload', [endless()], { target: 'lazy', course }), 7n)
  assert.equal(await course.held, undefined, 'it did not run into its deadline')
  await nothingIsLeft()
  await other.drain()
})

test('500 calls at once are kept apart', async () => {
  const texts = Array.from({ length: 500 }, (_, index) => `text ${index}`)
  assert.deepEqual(await Promise.all(texts.map((text) => client.call('echo', [text]))), texts)
  await nothingIsLeft()
})

test('nobody serving is known at once', async () => {
  const start = performance.now()
  await assert.rejects(client.call('echo', ['x'], { target: 'nobody' }), {
    name: 'WeftError',
    code: 'not_found',
    message: 'nothing in lattice test serves nobody (test:calls/all@0.1.0.echo)',
  })
  assert.ok(performance.now() - start < 500)
  await nothingIsLeft()
})

test('a target that is not an id is invalid', async () => {
  await assert.rejects(client.call('echo', ['x'], { target: 'a.*' }), { code: 'invalid' })
  await assert.rejects(client.call('echo', ['x'], { target: '' }), { code: 'invalid' })
  await nothingIsLeft()
})

test('args that are not of their types never leave', async () => {
  await assert.rejects(client.call('echo', [7]), {
    code: 'invalid',
    message: 'param text of test:calls/all@0.1.0.echo: expected a string, found 7',
  })
  await assert.rejects(client.call('echo', []), { code: 'invalid', message: /expected 1 params/ })
  await nothingIsLeft()
})

test('code, message and limit of a failure reach a Weft caller', async () => {
  const other = await server.serve(
    async () => {
      throw new WeftError('exhausted', 'not\nfor you', { limit: 'queue' })
    },
    { id: 'failing' },
  )
  for (const name of ['echo', 'note', 'download']) {
    const args = name === 'echo' || name === 'note' ? ['x'] : [1n]
    await assert.rejects(client.call(name, args, { target: 'failing' }), {
      code: 'exhausted',
      message: 'not for you',
      limit: 'queue',
    })
  }
  await other.drain()
  await nothingIsLeft()
})

test('what a handler throws by accident stays at home', async () => {
  const other = await server.serve(() => Promise.reject(new TypeError('secret')), { id: 'broken' })
  await assert.rejects(client.call('echo', ['x'], { target: 'broken' }), {
    code: 'internal',
    message: 'internal error',
  })
  assert.ok(server.lines.some((line) => String(line.attributes['error']).includes('secret')))
  await other.drain()
})

test('a result that is not of its type is an internal error', async () => {
  const other = await server.serve(async () => 7, { id: 'wrong' })
  await assert.rejects(client.call('echo', ['x'], { target: 'wrong' }), {
    code: 'internal',
    message: /the result of test:calls\/all@0.1.0.echo: expected a string, found 7/,
  })
  await other.drain()
})

test('a stream that fails midway fails at the reader, with its reason', async () => {
  async function* failing() {
    yield new Uint8Array(10)
    throw new WeftError('exhausted', 'no more')
  }
  const other = await server.serve(async () => failing(), { id: 'failing' })
  const stream = await client.call('download', [1n], { target: 'failing' })
  await assert.rejects(bytesOf(stream), { code: 'exhausted', message: 'no more' })
  await nothingIsLeft()
  await other.drain()
})

test('a param stream that fails midway fails the call', async () => {
  async function* failing() {
    yield new Uint8Array(10)
    throw new WeftError('exhausted', 'no more')
  }
  await assert.rejects(client.call('upload', [failing()]), { code: 'exhausted', message: 'no more' })
  await nothingIsLeft()
})

test('the answer of a call can be an error value', async () => {
  const other = await server.serve(async () => ({ tag: 'err', val: 'no' }), { id: 'err' })
  const point = { x: 1, yAxis: 0n, tags: [] }
  assert.deepEqual(await client.call('move', [point, { tag: 'empty' }], { target: 'err' }), {
    tag: 'err',
    val: 'no',
  })
  await other.drain()
})
