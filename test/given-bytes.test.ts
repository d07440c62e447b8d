import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codecsFor } from '../src/component/codecs.ts'
import { HandleTable } from '../src/component/handle-table.ts'
import { GuestStream, hostStream } from '../src/component/host-ends.ts'
import { Life } from '../src/component/life.ts'
import { MemoryContext } from '../src/component/memory-context.ts'
import { Transfer } from '../src/component/transfer.ts'
import { GuestBuffer } from '../src/component/transfer-end.ts'
import { free, giveAway } from '../src/given-bytes.ts'
import { IncomingValue } from '../src/guest/blobstore/incoming-value.ts'
import { IncomingBody } from '../src/guest/wasi-0-2/incoming-body.ts'
import type { InputStream } from '../src/guest/wasi-0-2/input-stream.ts'
import { OutgoingBytes } from '../src/guest/wasi-0-2/outgoing-bytes.ts'
import { OutputStream } from '../src/guest/wasi-0-2/output-stream.ts'
import { guestBytes } from '../src/guest/wasi-0-3/body.ts'

const size = 24_576
const { signal } = new AbortController()
const life = new Life()

async function* chunks(all: readonly Uint8Array[]) {
  yield* all
}

const incoming = (all: readonly Uint8Array[]) =>
  new IncomingBody({ body: chunks(all), trailers: Promise.resolve(undefined) }, signal).stream()

const filled = (value: number) => new Uint8Array(size).fill(value)

/** Reads as a guest does: it has its own copy before it asks again. */
async function read(input: InputStream): Promise<Uint8Array> {
  return (await input.blockingRead(BigInt(size))).slice()
}

/** Memory of a guest, where `count` bytes at its start are read into or written from. */
function guestBuffer(count = size): { readonly buffer: GuestBuffer; readonly bytes: Uint8Array } {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const cx = new MemoryContext({
    encoding: 'utf8',
    handles: new HandleTable(0, 10),
    memory,
    realloc: undefined,
    limits: { bufferedBytes: 1_000_000 },
  })
  const codec = codecsFor([])({ kind: 'u8' })
  return {
    buffer: new GuestBuffer(cx, { codec, isBytes: true }, { at: 0, count }),
    bytes: new Uint8Array(memory.buffer, 0, count),
  }
}

const readInto = (transfer: Transfer, buffer: GuestBuffer) =>
  new Promise((resolve) => transfer.read(buffer, resolve))

/** Two pieces of `input`, which then is at its end, as another body has them. */
async function spliced(input: InputStream): Promise<Uint8Array> {
  const out = new OutgoingBytes(life)
  const output = new OutputStream(out, life)
  await output.blockingSplice(input, BigInt(size))
  await output.blockingSplice(input, BigInt(size))
  await assert.rejects(async () => output.blockingSplice(input, 1n))
  const { value } = await out[Symbol.asyncIterator]().next()
  return new Uint8Array(value)
}

describe('bytes that were given away', () => {
  it('are gone once their reader frees them', () => {
    const bytes = giveAway(filled(1))
    free(bytes)
    assert.equal(bytes.byteLength, 0)
    free(bytes)
  })

  it('are left alone when they were not given away, share their buffer or are few', () => {
    const kept = filled(1)
    const shared = giveAway(filled(2).subarray(1))
    const few = giveAway(new Uint8Array(16))
    for (const bytes of [kept, shared, few]) free(bytes)
    assert.deepEqual([kept.byteLength, shared.byteLength, few.byteLength], [size, size - 1, 16])
  })

  it('come free as a guest reads on', async () => {
    const all = [1, 2, 3].map((value) => giveAway(filled(value)))
    const input = incoming(all)
    const seen = [await read(input), await read(input), await read(input)]
    assert.deepEqual(seen, [1, 2, 3].map(filled))
    assert.deepEqual(
      all.map((one) => one.byteLength),
      [0, 0, size],
    )
  })

  it('stay when a guest splices them into another body', async () => {
    const all = [1, 2].map((value) => giveAway(filled(value)))
    const input = incoming(all)
    assert.deepEqual(await spliced(input), new Uint8Array([...filled(1), ...filled(2)]))
  })

  it('stay when a guest splices an object into another', async () => {
    const parts = {
      bytes: chunks([1, 2].map((value) => giveAway(filled(value)))),
      ended: Promise.resolve({ tag: 'ok' } as const),
      sizeOf: async () => BigInt(2 * size),
    }
    const input = IncomingValue.incomingValueConsumeAsync(new IncomingValue(parts, signal))
    assert.deepEqual(await spliced(input), new Uint8Array([...filled(1), ...filled(2)]))
  })

  it('are what a guest wrote, whole or put together', async () => {
    const out = new OutgoingBytes(life)
    const output = new OutputStream(out, life)
    const reader = out[Symbol.asyncIterator]()
    const one = filled(1)
    output.write(one)
    const { value: alone } = await reader.next()
    assert.equal(alone, one)
    const [two, three] = [filled(2), filled(3)]
    output.write(two)
    output.write(three)
    const { value: both } = await reader.next()
    assert.deepEqual(new Uint8Array(both), new Uint8Array([...filled(2), ...filled(3)]))
    assert.deepEqual([two.byteLength, three.byteLength], [0, 0])
    free(alone)
    free(both)
    assert.deepEqual([one.byteLength, both.byteLength], [0, 0])
  })

  it('come free when a guest of WASI 0.3 has read all of a chunk', async () => {
    const chunk = giveAway(filled(4))
    const transfer = hostStream(chunks([chunk]))
    const [half, rest] = [guestBuffer(size / 2), guestBuffer(size / 2)]
    await readInto(transfer, half.buffer)
    assert.equal(chunk.byteLength, size)
    await readInto(transfer, rest.buffer)
    assert.deepEqual([...half.bytes, ...rest.bytes], [...filled(4)])
    assert.equal(chunk.byteLength, 0)
  })

  it('stay when a stream of the host comes back to it unread', async () => {
    const chunk = giveAway(filled(5))
    const { value, isCopy } = await new GuestStream(hostStream(chunks([chunk])), true).read({ count: size })
    assert.deepEqual(value, filled(5))
    assert.equal(isCopy, false)
    assert.equal(chunk.byteLength, size)
  })

  it('are what the host reads of a guest of WASI 0.3', async () => {
    const transfer = new Transfer()
    const { buffer, bytes } = guestBuffer()
    bytes.fill(6)
    transfer.write(buffer, () => {})
    const [chunk] = await Array.fromAsync(guestBytes(endingAfter(transfer)))
    assert.deepEqual(chunk, filled(6))
    free(chunk as Uint8Array)
    assert.equal(chunk?.byteLength, 0)
  })
})

/** The guest's end is dropped once it was read. */
function endingAfter(transfer: Transfer): GuestStream {
  const stream = new GuestStream(transfer, true)
  const { read } = stream
  stream.read = async (options) => {
    const step = await read.call(stream, options)
    transfer.dropWriter()
    return step
  }
  return stream
}
