import { WeftError } from '../errors.ts'
import type { WitPrimitive } from '../wit/type.ts'
import type { Codec } from './codec.ts'
import { mismatch } from './value-shape.ts'

const objectWeight = 16

function scalar(minBytes: number, weight: number, of: Pick<Codec, 'write' | 'read'>): Codec {
  return { async: false, minBytes, weight, ...of }
}

function integer(kind: string, bits: number, of: Pick<Codec, 'read'> & { write: (w: W, v: number) => void }) {
  const signed = kind.startsWith('s')
  const least = signed ? -(2 ** (bits - 1)) : 0
  const most = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1
  return scalar(1, 1, {
    read: of.read,
    write(writer, value) {
      if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
        throw mismatch(`a ${kind}`, value)
      }
      of.write(writer, value)
    },
  })
}

type W = Parameters<Codec['write']>[0]

function big(kind: 'u64' | 's64', of: Pick<Codec, 'read'> & { write: (w: W, v: bigint) => void }): Codec {
  const fits = kind === 'u64' ? BigInt.asUintN : BigInt.asIntN
  return scalar(1, 2, {
    read: of.read,
    write(writer, value) {
      if (typeof value !== 'bigint' || fits(64, value) !== value)
        throw mismatch(`a ${kind} as a bigint`, value)
      of.write(writer, value)
    },
  })
}

/** A value without content: `_`, or the element of a bare `stream` or `future`. */
export const unitCodec: Codec = scalar(0, 1, { write() {}, read: () => undefined })

/** `list<u8>` and resource handles. */
export const bytesCodec: Codec = scalar(1, objectWeight, {
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw mismatch('a Uint8Array', value)
    writer.unsigned(value.length)
    writer.raw(value)
  },
  read: (reader) => reader.raw(reader.length('a list')),
})

const unsupported = scalar(1, 1, {
  write() {
    throw new WeftError('invalid', 'an error-context cannot travel over wRPC; pass its message as a string')
  },
  read() {
    throw new WeftError('invalid', 'an error-context cannot travel over wRPC; pass its message as a string')
  },
})

/** The codecs of the types that are not made of others. */
export const primitiveCodecs: Readonly<Record<WitPrimitive, Codec>> = {
  bool: scalar(1, 1, {
    write(writer, value) {
      if (typeof value !== 'boolean') throw mismatch('a bool', value)
      writer.byte(value ? 1 : 0)
    },
    read: (reader) => reader.bit('a bool') === 1,
  }),
  u8: integer('u8', 8, { write: (writer, value) => writer.byte(value), read: (reader) => reader.byte() }),
  s8: integer('s8', 8, {
    write: (writer, value) => writer.byte(value & 0xff),
    read: (reader) => (reader.byte() << 24) >> 24,
  }),
  u16: integer('u16', 16, {
    write: (writer, value) => writer.unsigned(value),
    read: (reader) => reader.unsigned(16),
  }),
  s16: integer('s16', 16, {
    write: (writer, value) => writer.signed(value),
    read: (reader) => reader.signed(16),
  }),
  u32: integer('u32', 32, {
    write: (writer, value) => writer.unsigned(value),
    read: (reader) => reader.unsigned(32),
  }),
  s32: integer('s32', 32, {
    write: (writer, value) => writer.signed(value),
    read: (reader) => reader.signed(32),
  }),
  u64: big('u64', {
    write: (writer, value) => writer.unsignedBig(value),
    read: (reader) => reader.unsignedBig(),
  }),
  s64: big('s64', {
    write: (writer, value) => writer.signedBig(value),
    read: (reader) => reader.signedBig(),
  }),
  f32: scalar(4, 1, {
    write(writer, value) {
      if (typeof value !== 'number') throw mismatch('an f32', value)
      writer.float(value)
    },
    read: (reader) => reader.float(),
  }),
  f64: scalar(8, 1, {
    write(writer, value) {
      if (typeof value !== 'number') throw mismatch('an f64', value)
      writer.double(value)
    },
    read: (reader) => reader.double(),
  }),
  char: scalar(1, 4, {
    write(writer, value) {
      if (typeof value !== 'string' || !isOneCharacter(value)) throw mismatch('a char', value)
      writer.text(value)
    },
    read: (reader) => reader.char(),
  }),
  string: scalar(1, objectWeight / 2, {
    write(writer, value) {
      if (typeof value !== 'string') throw mismatch('a string', value)
      writer.string(value)
    },
    read: (reader) => reader.string(),
  }),
  'error-context': unsupported,
}

function isOneCharacter(text: string): boolean {
  const point = text.codePointAt(0)
  if (point === undefined || (point >= 0xd800 && point <= 0xdfff)) return false
  return text.length === (point > 0xffff ? 2 : 1)
}
