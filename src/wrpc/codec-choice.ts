import { WeftError } from '../errors.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { Codec } from './codec.ts'
import { isTagged, mismatch } from './value-shape.ts'

const objectWeight = 16

/** `option<T>` as `T | undefined`. */
export class OptionCodec implements Codec {
  readonly minBytes = 1
  readonly weight: number
  readonly async: boolean
  readonly #element: Codec

  constructor(element: Codec) {
    this.#element = element
    this.weight = element.weight
    this.async = element.async
  }

  write(writer: ByteWriter, value: unknown): void {
    if (value === undefined || value === null) {
      writer.byte(0)
    } else {
      writer.byte(1)
      this.#element.write(writer, value)
    }
  }

  read(reader: ByteReader): unknown {
    return reader.bit('an option') === 1 ? this.#element.read(reader) : undefined
  }
}

/** `option<option<T>>`: the outer one is `{tag:'some', val} | {tag:'none'}`, or two absences would look alike. */
export class TaggedOptionCodec implements Codec {
  readonly minBytes = 1
  readonly weight = objectWeight
  readonly async: boolean
  readonly #element: Codec

  constructor(element: Codec) {
    this.#element = element
    this.async = element.async
  }

  write(writer: ByteWriter, value: unknown): void {
    const tagged = value === undefined || value === null ? { tag: 'none' } : value
    if (!isTagged(tagged) || (tagged.tag !== 'some' && tagged.tag !== 'none')) {
      throw mismatch("{tag:'some', val} or {tag:'none'}", value)
    }
    writer.byte(tagged.tag === 'some' ? 1 : 0)
    if (tagged.tag === 'some') this.#element.write(writer, tagged.val)
  }

  read(reader: ByteReader): unknown {
    return reader.bit('an option') === 1 ? { tag: 'some', val: this.#element.read(reader) } : { tag: 'none' }
  }
}

/** `result<T, E>` as `{tag:'ok'|'err', val}`. */
export class ResultCodec implements Codec {
  readonly minBytes = 1
  readonly weight = objectWeight
  readonly async: boolean
  readonly #ok: Codec
  readonly #err: Codec

  constructor(ok: Codec, err: Codec) {
    this.#ok = ok
    this.#err = err
    this.async = ok.async || err.async
  }

  write(writer: ByteWriter, value: unknown): void {
    if (!isTagged(value) || (value.tag !== 'ok' && value.tag !== 'err')) {
      throw mismatch("{tag:'ok', val} or {tag:'err', val}", value)
    }
    writer.byte(value.tag === 'ok' ? 0 : 1)
    const codec = value.tag === 'ok' ? this.#ok : this.#err
    codec.write(writer, value.val)
  }

  read(reader: ByteReader): unknown {
    return reader.bit('a result') === 0
      ? { tag: 'ok', val: this.#ok.read(reader) }
      : { tag: 'err', val: this.#err.read(reader) }
  }
}

/** A variant as `{tag, val?}` with the kebab-case name of the case. */
export class VariantCodec implements Codec {
  readonly minBytes = 1
  readonly weight = objectWeight
  readonly async: boolean
  readonly #cases: readonly { readonly name: string; readonly codec: Codec | undefined }[]
  readonly #indexes: ReadonlyMap<string, number>

  constructor(cases: readonly { readonly name: string; readonly codec: Codec | undefined }[]) {
    this.#cases = cases
    this.#indexes = new Map(cases.map(({ name }, index) => [name, index]))
    this.async = cases.some(({ codec }) => codec?.async === true)
  }

  write(writer: ByteWriter, value: unknown): void {
    const index = isTagged(value) ? this.#indexes.get(value.tag) : undefined
    if (index === undefined || !isTagged(value)) {
      throw mismatch(`a variant tagged ${[...this.#indexes.keys()].join(', ')}`, value)
    }
    writer.unsigned(index)
    this.#cases[index]?.codec?.write(writer, value.val)
  }

  read(reader: ByteReader): unknown {
    const index = reader.unsigned(32)
    const found = this.#cases[index]
    if (found === undefined) throw unknownCase('variant', index, this.#cases.length)
    return found.codec === undefined
      ? { tag: found.name }
      : { tag: found.name, val: found.codec.read(reader) }
  }
}

/** An enum as its kebab-case name. */
export class EnumCodec implements Codec {
  readonly minBytes = 1
  readonly weight = 1
  readonly async = false
  readonly #names: readonly string[]
  readonly #indexes: ReadonlyMap<string, number>

  constructor(names: readonly string[]) {
    this.#names = names
    this.#indexes = new Map(names.map((name, index) => [name, index]))
  }

  write(writer: ByteWriter, value: unknown): void {
    const index = typeof value === 'string' ? this.#indexes.get(value) : undefined
    if (index === undefined) throw mismatch(`one of ${this.#names.join(', ')}`, value)
    writer.unsigned(index)
  }

  read(reader: ByteReader): string {
    const index = reader.unsigned(32)
    const name = this.#names[index]
    if (name === undefined) throw unknownCase('enum', index, this.#names.length)
    return name
  }
}

function unknownCase(kind: string, index: number, count: number): WeftError {
  return new WeftError('invalid', `expected an ${kind} case below ${count}, found ${index}`)
}
