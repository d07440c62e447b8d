import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Life } from '../../../src/component/life.ts'
import { IncomingBytes } from '../../../src/guest/wasi-0-2/incoming-bytes.ts'
import { InputStream, noInput } from '../../../src/guest/wasi-0-2/input-stream.ts'
import { OutgoingBytes } from '../../../src/guest/wasi-0-2/outgoing-bytes.ts'
import { OutputStream } from '../../../src/guest/wasi-0-2/output-stream.ts'
import { chunksOf } from './load-probe.ts'

/** What a stream takes before its reader has read. */
const outgoingBufferSize = 64 * 1024

const closed = { payload: { tag: 'closed' } }
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

function inputFrom(body: AsyncIterable<Uint8Array>, signal = new AbortController().signal) {
  const bytes = new IncomingBytes(body, signal)
  const source = {
    isReady: () => bytes.isReady(),
    onChange: (wake: () => void) => bytes.onChange(wake),
    take: (most: number) => bytes.take(most),
    release: () => bytes.cancel(),
  }
  return { bytes, stream: new InputStream(source, signal) }
}

function output() {
  const life = new Life()
  const bytes = new OutgoingBytes(life)
  return {
    life,
    bytes,
    stream: new OutputStream(bytes, life),
    reader: bytes[Symbol.asyncIterator](),
  }
}

describe('an input stream', () => {
  it('reads what is there, then nothing until more comes, then closed', async () => {
    const { stream } = inputFrom(chunksOf('hello', '', 'you'))
    assert.equal(stream.read(3n).byteLength, 0)
    await stream.subscribe().block()
    assert.equal(text(stream.read(3n)), 'hel')
    assert.equal(text(stream.read(100n)), 'lo')
    assert.equal(text(await stream.blockingRead(2n ** 63n)), 'you')
    await assert.rejects(async () => stream.blockingRead(1n), closed)
    assert.throws(() => stream.read(1n), closed)
    assert.equal(stream.subscribe().ready(), true)
  })

  it('skips, with and without waiting', async () => {
    const { stream } = inputFrom(chunksOf('hello', 'you'))
    assert.equal(stream.skip(2n), 0n)
    assert.equal(await stream.blockingSkip(2n), 2n)
    assert.equal(stream.skip(100n), 3n)
    assert.equal(text(await stream.blockingRead(9n)), 'you')
  })

  it('fails once with the error of the sender, then is closed', async () => {
    const failing = async function* () {
      yield Buffer.from('a')
      throw new Error('cable cut')
    }
    const { stream } = inputFrom(failing())
    assert.equal(text(await stream.blockingRead(9n)), 'a')
    await assert.rejects(
      async () => stream.blockingRead(9n),
      (error: { payload?: { tag: string; val: { toDebugString(): string; codes: { http?: unknown } } } }) => {
        assert.equal(error.payload?.tag, 'last-operation-failed')
        assert.equal(error.payload.val.toDebugString(), 'cable cut')
        assert.deepEqual(error.payload.val.codes.http, { tag: 'internal-error', val: 'cable cut' })
        return true
      },
    )
    assert.throws(() => stream.read(1n), closed)
  })

  it('pulls one chunk at a time, only when asked, and hangs up when dropped', async () => {
    const pulled: number[] = []
    let hungUp = false
    const counting = async function* () {
      try {
        for (let i = 0; ; i++) {
          pulled.push(i)
          yield Buffer.from('x')
        }
      } finally {
        hungUp = true
      }
    }
    const { stream } = inputFrom(counting())
    assert.deepEqual(pulled, [])
    await stream.blockingRead(1n)
    assert.deepEqual(pulled, [0])
    stream[Symbol.dispose]()
    await new Promise(setImmediate)
    assert.equal(hungUp, true)
    assert.throws(() => stream.read(1n), closed)
  })

  it('stops waiting and hangs up when the invocation is aborted', async () => {
    const abort = new AbortController()
    const hangs = Promise.withResolvers<IteratorResult<Uint8Array>>()
    const hungUp = Promise.withResolvers<void>()
    const silent: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => hangs.promise,
        return: async () => {
          hungUp.resolve()
          return { done: true, value: undefined }
        },
      }),
    }
    const { stream } = inputFrom(silent, abort.signal)
    const reading = Promise.resolve(stream.blockingRead(1n))
    abort.abort(new Error('over'))
    await assert.rejects(reading, { message: 'over' })
    await hungUp.promise
  })

  it('of stdin is closed from the start', () => {
    const stream = new InputStream(noInput, new AbortController().signal)
    assert.throws(() => stream.read(1n), closed)
  })
})

describe('an output stream', () => {
  it('takes what check-write allows, refuses more, and has room again when it was read', async () => {
    const { stream, reader } = output()
    assert.equal(stream.checkWrite(), BigInt(outgoingBufferSize))
    stream.write(new Uint8Array(outgoingBufferSize - 3))
    assert.equal(stream.checkWrite(), 3n)
    assert.throws(() => stream.write(new Uint8Array(4)), /check-write allowed 3/)
    stream.write(new Uint8Array(3))
    assert.equal(stream.checkWrite(), 0n)
    const pollable = stream.subscribe()
    assert.equal(pollable.ready(), false)
    const waiting = pollable.block()
    assert.equal((await reader.next()).value?.byteLength, outgoingBufferSize)
    await waiting
    assert.equal(stream.checkWrite(), BigInt(outgoingBufferSize))
  })

  it('makes a blocking write wait for a slow reader, whatever its size', async () => {
    const { bytes, stream, reader } = output()
    const size = 3 * outgoingBufferSize + 17
    let done = false
    const writing = Promise.resolve(stream.blockingWriteAndFlush(new Uint8Array(size))).then(() => {
      done = true
      bytes.finish()
    })
    let total = 0
    for (let next = await reader.next(); !next.done; next = await reader.next()) {
      assert.ok(next.value.byteLength <= outgoingBufferSize)
      assert.equal(done, total + next.value.byteLength === size)
      total += next.value.byteLength
    }
    await writing
    assert.equal(total, size)
  })

  it('is bounded for tiny writes too', () => {
    const { stream } = output()
    let writes = 0
    while (stream.checkWrite() > 0n) {
      stream.write(new Uint8Array(1))
      writes++
    }
    assert.equal(writes, 1024)
  })

  it('writes zeroes and splices', async () => {
    const { bytes, stream, reader } = output()
    stream.writeZeroes(2n)
    await stream.blockingWriteZeroesAndFlush(1n)
    const { stream: source } = inputFrom(chunksOf('abc', 'de'))
    assert.equal(stream.splice(source, 9n), 0n)
    assert.equal(await stream.blockingSplice(source, 2n), 2n)
    assert.equal(await stream.blockingSplice(source, 9n), 1n)
    assert.equal(await stream.blockingSplice(source, 9n), 2n)
    await assert.rejects(stream.blockingSplice(source, 9n), closed)
    bytes.finish()
    assert.equal(text((await reader.next()).value), '\0\0\0abcde')
    assert.equal((await reader.next()).done, true)
  })

  it('is closed once the reader has gone, and wakes a writer that waits', async () => {
    const { bytes, stream, reader } = output()
    stream.write(new Uint8Array(outgoingBufferSize))
    const waiting = Promise.resolve(stream.blockingWriteAndFlush(Buffer.from('x')))
    await reader.return?.()
    await assert.rejects(waiting, closed)
    assert.throws(() => stream.checkWrite(), closed)
    assert.throws(() => stream.flush(), closed)
    await assert.rejects(async () => stream.blockingWriteAndFlush(Buffer.from('x')), closed)
    await bytes.ended
  })

  it('that breaks off gives the reader what is there and then the failure', async () => {
    const { bytes, stream, reader } = output()
    stream.write(Buffer.from('a'))
    bytes.fail(new Error('broke'))
    assert.throws(() => stream.checkWrite(), closed)
    assert.equal(text((await reader.next()).value), 'a')
    await assert.rejects(reader.next(), { message: 'broke' })
    await bytes.ended
  })

  it('ends for both sides when the invocation is aborted', async () => {
    const { life, stream, reader } = output()
    stream.write(Buffer.from('a'))
    assert.equal(text((await reader.next()).value), 'a')
    const waiting = reader.next()
    life.end(new Error('over'))
    await assert.rejects(waiting, { message: 'over' })
    assert.throws(() => stream.blockingWriteAndFlush(Buffer.from('x')), { message: 'over' })
  })
})
