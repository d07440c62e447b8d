import { WeftError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Codec } from './codec.ts'
import { isArrayLike, mismatch } from './value-shape.ts'

const objectWeight = 16
/** Elements that take no bytes (`tuple<>`) could be claimed by the billion. */
const maxEmptyElements = 65_536

/** `list<T>`, except `list<u8>`. */
export class ListCodec implements Codec {
  readonly minBytes = 1
  readonly weight = objectWeight
  readonly async: boolean
  readonly #element: Codec

  constructor(element: Codec) {
    this.#element = element
    this.async = element.async
  }

  write(writer: ByteWriter, value: unknown): void {
    if (!isArrayLike(value)) throw mismatch('an array', value)
    writer.unsigned(value.length)
    for (let index = 0; index < value.length; index++) {
      if (this.async) writer.path.push(index)
      this.#element.write(writer, value[index])
      if (this.async) writer.path.pop()
    }
  }

  read(reader: ByteReader): unknown[] {
    const length = reader.length('a list')
    checkList(reader, length, this.#element)
    const list = new Array<unknown>(length)
    for (let index = 0; index < length; index++) {
      if (this.async) reader.path.push(index)
      list[index] = this.#element.read(reader)
      if (this.async) reader.path.pop()
    }
    return list
  }
}

/** Refuses a list that can't be real before anything is allocated for it. */
export function checkList(reader: ByteReader, length: number, element: Codec): void {
  if (element.minBytes === 0 && length > maxEmptyElements) {
    throw new WeftError(
      'exhausted',
      `a list of ${length} empty elements; at most ${maxEmptyElements} are read`,
    )
  }
  reader.charge(length, element.weight)
  reader.need(length * element.minBytes)
}
