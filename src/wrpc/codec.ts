import type { WitType } from '../wit/type.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { FutureCodec, StreamCodec } from './codec-async.ts'
import { EnumCodec, OptionCodec, ResultCodec, TaggedOptionCodec, VariantCodec } from './codec-choice.ts'
import { ListCodec } from './codec-list.ts'
import { bytesCodec, primitiveCodecs, unitCodec } from './codec-primitive.ts'
import { FlagsCodec, RecordCodec, TupleCodec } from './codec-product.ts'

/** Writes and reads the values of one WIT type. Made once for each type, and shared by all calls. */
export interface Codec {
  /** Whether a value can hold streams or futures: only then are paths kept. */
  readonly async: boolean
  /** The fewest bytes that a value takes. */
  readonly minBytes: number
  /** What one value in a list costs in memory, beside a number. */
  readonly weight: number
  write(writer: ByteWriter, value: unknown): void
  read(reader: ByteReader): unknown
}

export type AsyncCodec = StreamCodec | FutureCodec

const codecs = new WeakMap<WitType, Codec>()

/** The codec of a type; the same object for the same type object. */
export function codecOf(type: WitType): Codec {
  const known = codecs.get(type)
  if (known !== undefined) return known
  const made = compile(type)
  codecs.set(type, made)
  return made
}

function compile(type: WitType): Codec {
  switch (type.kind) {
    case 'list':
      return type.element.kind === 'u8' ? bytesCodec : new ListCodec(codecOf(type.element))
    case 'option':
      return type.element.kind === 'option'
        ? new TaggedOptionCodec(codecOf(type.element))
        : new OptionCodec(codecOf(type.element))
    case 'result':
      return new ResultCodec(optionalCodec(type.ok), optionalCodec(type.err))
    case 'tuple':
      return new TupleCodec(type.elements.map(codecOf))
    case 'record':
      return new RecordCodec(type.fields.map(({ name, type: field }) => ({ name, codec: codecOf(field) })))
    case 'variant':
      return new VariantCodec(
        type.cases.map(({ name, type: payload }) => ({ name, codec: payload && codecOf(payload) })),
      )
    case 'enum':
      return new EnumCodec(type.names)
    case 'flags':
      return new FlagsCodec(type.names)
    case 'own':
    case 'borrow':
      return bytesCodec
    case 'future':
      return new FutureCodec(optionalCodec(type.element))
    case 'stream':
      return new StreamCodec(optionalCodec(type.element), type.element?.kind === 'u8')
    default:
      return primitiveCodecs[type.kind]
  }
}

function optionalCodec(type: WitType | undefined): Codec {
  return type === undefined ? unitCodec : codecOf(type)
}
