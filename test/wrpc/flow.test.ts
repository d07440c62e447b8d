import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NatsConnection } from 'nats'
import { Flow } from '../../src/wrpc/flow.ts'
import type { Serving } from '../../src/wrpc/serve.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { connectPeer, type Peer } from './peers.ts'

/** How far a sender may run ahead of its reader: ARCHITECTURE.md says so to other implementations. */
const windowBytes = 16 * 1024 * 1024

const chunkBytes = 256 * 1024
const manyBytes = 100 * 1024 * 1024

let nats: NatsServer
let server: Peer
let client: Peer
let spy: NatsConnection
let serving: Serving

/** Produces chunks and counts them; knows when it was left. */
function source(bytes = manyBytes) {
  const made = { bytes: 0, left: false }
  async function* stream() {
    try {
      while (made.bytes < bytes) {
        made.bytes += chunkBytes
        yield new Uint8Array(chunkBytes).fill(made.bytes / chunkBytes)
      }
    } finally {
      made.left = made.bytes < bytes
    }
  }
  return { made, stream }
}

/** What the server's functions do in this test. */
const handlers: {
  upload?: (content: AsyncIterable<Uint8Array>) => Promise<bigint>
  download?: () => unknown
} = {}

before(async () => {
  nats = await startNats()
  server = await connectPeer(nats.url)
  client = await connectPeer(nats.url)
  spy = (await connectPeer(nats.url)).connection
  serving = await server.serve(async (call) =>
    call.operation.function.name === 'upload'
      ? handlers.upload?.(call.args[0] as AsyncIterable<Uint8Array>)
      : handlers.download?.(),
  )
})

after(async () => {
  await serving?.drain()
  for (const connection of [server?.connection, client?.connection, spy]) await connection?.close()
  await nats?.stop()
})

async function nothingIsLeft(): Promise<void> {
  await until(() => client.inbox.size === 0 && server.inbox.size === 0, { what: 'both inboxes are empty' })
}

const slack = 4 * chunkBytes
/** Takes a stream with pauses at first, and says how far ahead its sender ever was. */
async function readSlowly(content: AsyncIterable<Uint8Array>, made: { readonly bytes: number }) {
  let read = 0
  let ahead = 0
  let pauses = 20
  for await (const chunk of content) {
    if (pauses > 0) {
      pauses -= 1
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    read += chunk.length
    ahead = Math.max(ahead, made.bytes - read)
  }
  return { read, ahead }
}

test('100 MiB go down to a reader that is slow, and the sender waits for it', async () => {
  const { made, stream } = source()
  handlers.download = stream
  const content = (await client.call('download', [0n], {
    deadline: Date.now() + 60_000,
  })) as AsyncIterable<Uint8Array>
  const { read, ahead } = await readSlowly(content, made)
  assert.equal(read, manyBytes)
  assert.ok(ahead <= windowBytes + slack, `${ahead} bytes ahead`)
  assert.ok(ahead > windowBytes / 2, 'and it is kept busy')
  await nothingIsLeft()
})

test('100 MiB go up to a reader that is slow, and the sender waits for it', async () => {
  const { made, stream } = source()
  let ahead = 0
  handlers.upload = async (content) => {
    const result = await readSlowly(content, made)
    ahead = result.ahead
    return BigInt(result.read)
  }
  assert.equal(await client.call('upload', [stream()], { deadline: Date.now() + 60_000 }), BigInt(manyBytes))
  assert.ok(ahead <= windowBytes + slack, `${ahead} bytes ahead`)
  await nothingIsLeft()
})

test('a reader that leaves stops the sender, which waits for nobody', async () => {
  const { made, stream } = source()
  handlers.download = stream
  const content = (await client.call('download', [0n], {
    deadline: Date.now() + 60_000,
  })) as AsyncIterable<Uint8Array>
  for await (const chunk of content) if (chunk.length > 0) break
  await until(() => made.left)
  assert.ok(made.bytes <= windowBytes + slack)
  await nothingIsLeft()
})

test('a stream that is never read holds no more than the window, and ends with its call', async () => {
  const { made, stream } = source()
  handlers.download = stream
  await client.call('download', [0n], { deadline: Date.now() + 1500 })
  await until(() => made.left)
  assert.ok(made.bytes <= windowBytes + slack)
  await nothingIsLeft()
})

test('a stream that is shorter than what is worth telling costs no message more', async () => {
  const { stream } = source(2 * chunkBytes)
  handlers.download = stream
  const told: string[] = []
  const watching = spy.subscribe('_INBOX.>', { callback: (_, message) => void told.push(message.subject) })
  await spy.flush()
  const content = (await client.call('download', [0n])) as AsyncIterable<Uint8Array>
  for await (const _chunk of content);
  await nothingIsLeft()
  await spy.flush()
  watching.unsubscribe()
  assert.deepEqual(
    told.filter((subject) => subject.includes('.flow.')),
    [],
  )
})

test('what is no number tells nothing, and no more paths are remembered than a call may have', () => {
  const flow = new Flow()
  const far = windowBytes + 1
  for (const text of ['-1', '1e9', 'x', '99999999999999999999']) {
    flow.told('0', Buffer.from(text))
    assert.ok(flow.room('0', far), text)
  }
  flow.told('0', Buffer.from('1'))
  assert.equal(flow.room('0', far), undefined)
  for (let path = 0; path < 70_000; path += 1) flow.told(String(path), Buffer.from('5'))
  flow.told('later', new Uint8Array())
  assert.equal(flow.hasLeft('later'), false)
})
