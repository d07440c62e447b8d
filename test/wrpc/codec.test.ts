import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader } from '../../src/wrpc/byte-reader.ts'
import { ByteWriter } from '../../src/wrpc/byte-writer.ts'
import { CallEnd } from '../../src/wrpc/call-end.ts'
import { Channels } from '../../src/wrpc/channels.ts'
import { codecOf } from '../../src/wrpc/codec.ts'
import { TupleCodec } from '../../src/wrpc/codec-product.ts'
import { maxValueBytes } from '../../src/wrpc/limits.ts'
import { readValue, tryRead } from '../../src/wrpc/read-value.ts'
import { sendDeferred } from '../../src/wrpc/send-deferred.ts'
import { settled, typeOf, valueFrom, vectors } from './vectors.ts'

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function write(type: string, value: unknown): string {
  const writer = new ByteWriter()
  codecOf(typeOf(type)).write(writer, value)
  return hexOf(writer.bytes())
}

function read(type: string, hex: string): unknown {
  const channels = new Channels({ nested: true })
  if (hex !== '') channels.receive('', Buffer.from(hex, 'hex'), undefined)
  const attempt = tryRead({ channel: channels.root, channels, codec: codecOf(typeOf(type)), path: [] })
  if (!attempt.done) throw new Error('more bytes are wanted')
  assert.equal(channels.root.length, 0, 'all bytes were read')
  return attempt.value
}

/** Reads the root as the one result of a function. */
async function readOne(channels: Channels, type: string): Promise<unknown[]> {
  const codec = new TupleCodec([codecOf(typeOf(type))])
  const values = await readValue({ channel: channels.root, channels, codec, path: [] })
  assert(Array.isArray(values))
  return values
}

const synchronous = vectors.filter(({ deferred }) => deferred === undefined)
const asynchronous = vectors.filter(({ deferred }) => deferred !== undefined)

test('there are 77 vectors, 8 of them with streams or futures', () => {
  assert.equal(synchronous.length, 69)
  assert.equal(asynchronous.length, 8)
})

for (const [index, vector] of synchronous.entries()) {
  test(`vector ${index}: ${vector.type.slice(0, 60)} ↔ ${vector.hex.slice(0, 40)}`, () => {
    const value = valueFrom(typeOf(vector.type), vector.value)
    assert.equal(write(vector.type, value), vector.hex)
    assert.deepEqual(read(vector.type, vector.hex), value)
  })

  test(`vector ${index} cut short at any byte wants more`, () => {
    for (let length = 0; length < vector.hex.length; length += 2) {
      assert.throws(() => read(vector.type, vector.hex.slice(0, length)), /more bytes are wanted/)
    }
  })
}

for (const [index, vector] of asynchronous.entries()) {
  const deferred = Object.entries(vector.deferred ?? {})
  const channelOf = (path: string) => (path === '' ? '0' : `0.${path}`)

  test(`async vector ${index}: ${vector.type} is written`, async () => {
    const sent = new Map<string, string>()
    const writer = new ByteWriter([0])
    codecOf(typeOf(vector.type)).write(writer, valueFrom(typeOf(vector.type), vector.value))
    assert.equal(hexOf(writer.bytes()), vector.hex)
    const end = new CallEnd({ deadline: Number.POSITIVE_INFINITY, late: () => assert.fail() })
    const closed: string[] = []
    await sendDeferred(
      {
        end,
        maxPayload: 1000,
        hasLeft: () => false,
        room: () => undefined,
        send(path, bytes) {
          sent.set(path, (sent.get(path) ?? '') + hexOf(bytes))
          return undefined
        },
        close: (path) => closed.push(path),
      },
      writer.deferred,
    )
    assert.deepEqual(
      [...sent].sort(),
      deferred.map(([path, hex]) => [channelOf(path), hex]),
    )
    assert.deepEqual(
      closed.sort(),
      deferred.map(([path]) => channelOf(path)),
    )
  })

  for (const size of [1, 2, 3, 100]) {
    test(`async vector ${index}: ${vector.type} is read from messages of ${size} bytes`, async () => {
      const type = typeOf(vector.type)
      const channels = new Channels({ nested: true })
      channels.receive('', Buffer.from(vector.hex, 'hex'), undefined)
      const result = settled(await readOne(channels, vector.type))
      for (const [path, hex] of deferred) {
        const bytes = Buffer.from(hex, 'hex')
        for (let at = 0; at < bytes.length; at += size) {
          channels.receive(channelOf(path), bytes.subarray(at, at + size), undefined)
        }
      }
      assert.deepEqual(await result, [await settled(valueFrom(type, vector.value))])
      await channels.idle
      assert.equal(channels.open, 0)
    })
  }
}

test('record and flags keys are camelCase, case names stay as they are', () => {
  assert.deepEqual(read('record { path-with-query: u8, a: flags { read-only, b } }', '0701'), {
    pathWithQuery: 7,
    a: { readOnly: true, b: false },
  })
  assert.deepEqual(read('variant { no-such-store }', '00'), { tag: 'no-such-store' })
})

test('an option in an option tells its two absences apart', () => {
  const type = 'option<option<u8>>'
  for (const [value, hex] of [
    [{ tag: 'none' }, '00'],
    [{ tag: 'some', val: undefined }, '0100'],
    [{ tag: 'some', val: 7 }, '010107'],
  ] as const) {
    assert.equal(write(type, value), hex)
    assert.deepEqual(read(type, hex), value)
  }
})

test('typed arrays are written as lists', () => {
  assert.equal(write('list<u32>', Uint32Array.of(1, 300)), '0201ac02')
})

test('a fixed-length list is its elements, a map a list of pairs', () => {
  assert.equal(write('list<u8, 3>', [1, 2, 3]), '010203')
  assert.equal(write('map<string, u8>', [['a', 1]]), '01016101')
})

test('the ready forms of streams and futures are read', async () => {
  assert.equal(await read('future<u8>', '0107'), 7)
  assert.deepEqual(await settled(read('stream<u8>', '026869')), { elements: [0x68, 0x69] })
  assert.deepEqual(await settled(read('stream<string>', '0201610162')), { elements: ['a', 'b'] })
})

test('a stream that ends without its last chunk is a normal end', async () => {
  const channels = new Channels({ nested: true })
  channels.receive('', Buffer.from('00', 'hex'), undefined)
  channels.receive('0', Buffer.from('026869', 'hex'), undefined)
  channels.receive('0', new Uint8Array(), undefined)
  const [stream] = await readOne(channels, 'stream<u8>')
  assert.deepEqual(await settled(stream), { elements: [0x68, 0x69] })
})

test('a stream that ends within a chunk is unavailable', async () => {
  for (const type of ['stream<u8>', 'stream<u16>']) {
    const channels = new Channels({ nested: true })
    channels.receive('', Buffer.from('00', 'hex'), undefined)
    channels.receive('0', Buffer.from('03ff', 'hex'), undefined)
    channels.receive('0', new Uint8Array(), undefined)
    const [stream] = await readOne(channels, type)
    await assert.rejects(settled(stream), { code: 'unavailable' })
    assert.equal(channels.open, 0)
  }
})

test('a stream that nobody reads is bounded', async () => {
  const channels = new Channels({ nested: true })
  channels.receive('', Buffer.from('00', 'hex'), undefined)
  const [stream] = await readOne(channels, 'stream<u8>')
  const megabyte = Buffer.alloc(1024 * 1024, 1)
  for (let sent = 0; sent <= maxValueBytes; sent += megabyte.length)
    channels.receive('0', megabyte, undefined)
  await assert.rejects(settled(stream), { code: 'exhausted' })
})

test('a stream that was given up before it began counts as ended', async () => {
  const channels = new Channels({ nested: true })
  channels.receive('', Buffer.from('00', 'hex'), undefined)
  const [stream] = await readOne(channels, 'stream<u8>')
  assert.equal(channels.open, 1)
  await (stream as AsyncIterator<unknown>).return?.()
  assert.equal(channels.open, 0)
})

for (const [what, type, hex, code] of [
  ['a bool of 2', 'bool', '02', 'invalid'],
  ['an option of 2', 'option<u8>', '0201', 'invalid'],
  ['a result of 2', 'result<u8, u8>', '0201', 'invalid'],
  ['a future of 2', 'future<u8>', '0201', 'invalid'],
  ['a u16 of 17 bits', 'u16', 'ffff07', 'invalid'],
  ['a u16 of four bytes', 'u16', 'ffffff00', 'invalid'],
  ['a u32 of 33 bits', 'u32', 'ffffffff1f', 'invalid'],
  ['a u32 of six bytes', 'u32', '808080808000', 'invalid'],
  ['a u64 of 65 bits', 'u64', 'ffffffffffffffffff03', 'invalid'],
  ['a u64 of eleven bytes', 'u64', '8080808080808080808000', 'invalid'],
  ['an s16 of 17 bits', 's16', 'ffff03', 'invalid'],
  ['an s32 whose unused bits are not its sign', 's32', '8080808040', 'invalid'],
  ['an s64 whose unused bits are not its sign', 's64', '80808080808080808040', 'invalid'],
  ['an s64 of eleven bytes', 's64', '8080808080808080808000', 'invalid'],
  ['a string that is not UTF-8', 'string', '02c328', 'invalid'],
  ['a long string that is not UTF-8', 'string', `40${'61'.repeat(63)}ff`, 'invalid'],
  ['a char that is not UTF-8', 'char', 'ff808080', 'invalid'],
  ['a surrogate as a char', 'char', 'eda080', 'invalid'],
  ['an unknown variant case', 'variant { a, b(u8) }', '02', 'invalid'],
  ['an unknown enum case', 'enum { a, b }', '8001', 'invalid'],
  ['an unknown flag', 'flags { a, b }', '04', 'invalid'],
  ['a string that claims 4 GB', 'string', 'ffffffff0f61', 'exhausted'],
  ['a list<u8> that claims 4 GB', 'list<u8>', 'ffffffff0f61', 'exhausted'],
  ['a list that claims 4 G elements', 'list<u32>', 'ffffffff0f61', 'exhausted'],
  ['a list of 50 M strings', 'list<string>', '80e1eb17', 'exhausted'],
  ['a list of a million empty tuples', 'list<tuple<>>', 'c0843d', 'exhausted'],
  ['an error-context', 'error-context', '00', 'invalid'],
] as const) {
  test(`${what} is refused as ${code}`, () => {
    assert.throws(() => read(type, hex), { name: 'WeftError', code })
  })
}

for (const [type, value, says] of [
  ['bool', 1, /expected a bool, found 1/],
  ['u8', 256, /expected a u8, found 256/],
  ['u8', -1, /expected a u8/],
  ['s8', 128, /expected a s8/],
  ['u32', 1.5, /expected a u32/],
  ['u32', 7n, /expected a u32, found 7n/],
  ['u64', 7, /expected a u64 as a bigint, found 7/],
  ['u64', -1n, /expected a u64/],
  ['s64', 2n ** 63n, /expected a s64/],
  ['f64', '1', /expected an f64, found "1"/],
  ['char', 'ab', /expected a char/],
  ['char', '', /expected a char/],
  ['char', '\ud800', /expected a char/],
  ['string', undefined, /expected a string, found undefined/],
  ['list<u8>', [1], /expected a Uint8Array, found an array/],
  ['list<u32>', 'ab', /expected an array/],
  ['tuple<u8, u8>', [1], /expected an array of 2/],
  ['record { a: u8 }', null, /expected a record with a/],
  ['record { a: u8 }', {}, /expected a u8, found undefined/],
  ['variant { a, b }', { tag: 'c' }, /expected a variant tagged a, b, found an object tagged "c"/],
  ['enum { a, b }', 'c', /expected one of a, b, found "c"/],
  ['flags { a }', 3, /expected flags with a/],
  ['result', undefined, /expected \{tag:'ok'/],
  ['option<option<u8>>', 3, /expected \{tag:'some'/],
  ['own<foo>', {}, /expected a Uint8Array/],
  ['stream<u8>', 3, /expected an async iterable/],
  ['error-context', {}, /cannot travel/],
] as const) {
  test(`${String(value)} is refused as ${type}`, () => {
    assert.throws(() => write(type, value), { code: 'invalid', message: says })
  })
}

test('a small value does not keep the message alive that it came in', () => {
  const message = Buffer.from('030102ff', 'hex')
  const bytes = new ByteReader(message, new Channels({ nested: false })).raw(1)
  assert.equal(bytes.buffer.byteLength, 1)
})

test('random bytes are read or refused, never anything else', () => {
  const type = typeOf(
    'record { a: list<option<string>>, b: variant { x(u64), y(list<u8>) }, c: result<s32, char>, d: flags { p, q } }',
  )
  let seed = 1
  const random = () => {
    seed = (seed * 48271) % 2147483647
    return seed
  }
  for (let round = 0; round < 3000; round++) {
    const channels = new Channels({ nested: true })
    channels.receive(
      '',
      Buffer.from(Array.from({ length: 1 + (random() % 40) }, () => random() & 0xff)),
      undefined,
    )
    try {
      tryRead({ channel: channels.root, channels, codec: codecOf(type), path: [] })
    } catch (thrown) {
      assert.match(String(thrown), /WeftError/)
    }
  }
})
