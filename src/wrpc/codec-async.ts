import { WeftError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Codec } from './codec.ts'
import { checkList } from './codec-list.ts'
import { mismatch } from './value-shape.ts'

const objectWeight = 64

/** `future<T>` as a promise. Always written as pending; the value follows on its own path. */
export class FutureCodec implements Codec {
  readonly kind = 'future'
  readonly async = true
  readonly minBytes = 1
  readonly weight = objectWeight
  readonly element: Codec

  constructor(element: Codec) {
    this.element = element
  }

  write(writer: ByteWriter, value: unknown): void {
    writer.byte(0)
    writer.defer(this, value)
  }

  read(reader: ByteReader): unknown {
    if (reader.bit('a future') === 1) return Promise.resolve(this.element.read(reader))
    return reader.channels.future(this, reader)
  }
}

/** `stream<T>` as an async iterable of chunks. Always written as pending; the chunks follow on its own path. */
export class StreamCodec implements Codec {
  readonly kind = 'stream'
  readonly async = true
  readonly minBytes = 1
  readonly weight = objectWeight
  readonly element: Codec
  /** `stream<u8>`: chunks are `Uint8Array`s. */
  readonly bytes: boolean

  constructor(element: Codec, bytes: boolean) {
    this.element = element
    this.bytes = bytes
  }

  write(writer: ByteWriter, value: unknown): void {
    if (!isIterable(value)) throw mismatch('an async iterable of chunks', value)
    writer.byte(0)
    writer.defer(this, value)
  }

  /** Pending, or the whole stream in place as a list that is not empty: old peers may send that. */
  read(reader: ByteReader): unknown {
    const length = reader.length('a stream')
    if (length === 0) return reader.channels.stream(this, reader)
    if (this.bytes) return once(reader.raw(length))
    checkList(reader, length, this.element)
    return once(
      Array.from({ length }, (_, index) => {
        reader.path.push(index)
        const element = this.element.read(reader)
        reader.path.pop()
        return element
      }),
    )
  }

  /** Writes one chunk that is not empty; `first` is the number of its first element in the stream. */
  writeChunk(writer: ByteWriter, chunk: unknown, first: number): number {
    if (this.bytes) {
      if (!(chunk instanceof Uint8Array)) throw mismatch('a Uint8Array as a chunk of a stream<u8>', chunk)
      writer.unsigned(chunk.length)
      writer.raw(chunk)
      return chunk.length
    }
    if (!Array.isArray(chunk)) throw mismatch('an array as a chunk of a stream', chunk)
    writer.unsigned(chunk.length)
    for (let index = 0; index < chunk.length; index++) {
      writer.path.push(first + index)
      this.element.write(writer, chunk[index])
      writer.path.pop()
    }
    return chunk.length
  }
}

async function* once<T>(chunk: T): AsyncGenerator<T> {
  yield chunk
}

/** What a stream may be given as. */
export function isIterable(value: unknown): value is AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Symbol.asyncIterator in value || Symbol.iterator in value
}

/** The length of a chunk, which must not be empty on the wire: an empty one would end the stream. */
export function chunkLength(chunk: unknown): number {
  if (Array.isArray(chunk) || chunk instanceof Uint8Array) return chunk.length
  throw new WeftError('invalid', 'expected chunks of a stream to be arrays or Uint8Arrays')
}
