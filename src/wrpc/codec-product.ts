import { WeftError } from '../errors.ts'
import { camelCase } from '../wit/names.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Codec } from './codec.ts'
import { isArrayLike, isObject, mismatch } from './value-shape.ts'

const objectWeight = 16

/** `tuple<…>` as an array; also the params of a function. */
export class TupleCodec implements Codec {
  readonly weight = objectWeight
  readonly minBytes: number
  readonly async: boolean
  readonly #elements: readonly Codec[]

  constructor(elements: readonly Codec[]) {
    this.#elements = elements
    this.minBytes = sum(elements)
    this.async = elements.some((element) => element.async)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (!isArrayLike(value) || value.length !== this.#elements.length) {
      throw mismatch(`an array of ${this.#elements.length}`, value)
    }
    for (let index = 0; index < this.#elements.length; index++) {
      if (this.async) writer.path.push(index)
      this.#elements[index]?.write(writer, value[index])
      if (this.async) writer.path.pop()
    }
  }

  read(reader: ByteReader): unknown[] {
    const value: unknown[] = []
    for (let index = 0; index < this.#elements.length; index++) {
      if (this.async) reader.path.push(index)
      value.push(this.#elements[index]?.read(reader))
      if (this.async) reader.path.pop()
    }
    return value
  }
}

/** A record as an object with camelCase keys. */
export class RecordCodec implements Codec {
  readonly weight = objectWeight
  readonly minBytes: number
  readonly async: boolean
  readonly #keys: readonly string[]
  readonly #codecs: readonly Codec[]

  constructor(fields: readonly { readonly name: string; readonly codec: Codec }[]) {
    this.#keys = fields.map(({ name }) => camelCase(name))
    this.#codecs = fields.map(({ codec }) => codec)
    this.minBytes = sum(this.#codecs)
    this.async = this.#codecs.some((codec) => codec.async)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (!isObject(value)) throw mismatch(`a record with ${this.#keys.join(', ')}`, value)
    for (let index = 0; index < this.#keys.length; index++) {
      if (this.async) writer.path.push(index)
      this.#codecs[index]?.write(writer, value[this.#keys[index] ?? ''])
      if (this.async) writer.path.pop()
    }
  }

  read(reader: ByteReader): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (let index = 0; index < this.#keys.length; index++) {
      if (this.async) reader.path.push(index)
      value[this.#keys[index] ?? ''] = this.#codecs[index]?.read(reader)
      if (this.async) reader.path.pop()
    }
    return value
  }
}

/** Flags as an object of camelCase booleans; an absent one is false. */
export class FlagsCodec implements Codec {
  readonly weight = objectWeight
  readonly async = false
  readonly minBytes: number
  readonly #keys: readonly string[]

  constructor(names: readonly string[]) {
    this.#keys = names.map(camelCase)
    this.minBytes = Math.ceil(names.length / 8)
  }

  write(writer: ByteWriter, value: unknown): void {
    if (!isObject(value)) throw mismatch(`flags with ${this.#keys.join(', ')}`, value)
    for (let start = 0; start < this.#keys.length; start += 8) {
      let byte = 0
      for (let bit = 0; bit < 8; bit++) {
        const key = this.#keys[start + bit]
        if (key !== undefined && value[key]) byte |= 1 << bit
      }
      writer.byte(byte)
    }
  }

  read(reader: ByteReader): Record<string, boolean> {
    const value: Record<string, boolean> = {}
    for (let start = 0; start < this.#keys.length; start += 8) {
      const byte = reader.byte()
      const known = Math.min(8, this.#keys.length - start)
      if (byte >> known !== 0)
        throw new WeftError('invalid', `expected ${this.#keys.length} flags, found more`)
      for (let bit = 0; bit < known; bit++) value[this.#keys[start + bit] ?? ''] = (byte & (1 << bit)) !== 0
    }
    return value
  }
}

function sum(codecs: readonly Codec[]): number {
  return codecs.reduce((total, codec) => total + codec.minBytes, 0)
}
