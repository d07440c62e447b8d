import { nanosOf, type OtlpEntry, type OtlpField, type OtlpMessage, type OtlpWriter } from './otlp-writer.ts'

/** One message in OTLP/JSON: ids as hex, 64-bit numbers as text, enums as numbers. */
export function encodeJson<T>(value: T, write: OtlpMessage<T>): Uint8Array {
  return Buffer.from(JSON.stringify(jsonObject(value, write)))
}

function jsonObject<T>(value: T, write: OtlpMessage<T>): Record<string, unknown> {
  const writer = new JsonWriter()
  write(writer, value)
  return writer.object
}

class JsonWriter implements OtlpWriter {
  readonly object: Record<string, unknown> = {}

  text({ name }: OtlpField, value: string): void {
    if (value !== '') this.object[name] = value
  }

  hex(field: OtlpField, value: string): void {
    this.text(field, value)
  }

  bytes({ name }: OtlpField, value: Uint8Array): void {
    this.object[name] = Buffer.from(value).toString('base64')
  }

  integer({ name }: OtlpField, value: number): void {
    if (value !== 0) this.object[name] = value
  }

  fixed32(field: OtlpField, value: number): void {
    this.integer(field, value)
  }

  bool({ name }: OtlpField, value: boolean): void {
    this.object[name] = value
  }

  double({ name }: OtlpField, value: number): void {
    this.object[name] = jsonDouble(value)
  }

  int64({ name }: OtlpField, value: number | bigint): void {
    this.object[name] = String(value)
  }

  sfixed64(field: OtlpField, value: number | bigint): void {
    this.int64(field, value)
  }

  sint32({ name }: OtlpField, value: number): void {
    this.object[name] = value
  }

  fixed64(field: OtlpField, value: number | bigint): void {
    this.int64(field, value)
  }

  time({ name }: OtlpField, value: number | bigint): void {
    this.object[name] = String(nanosOf(value))
  }

  doubles({ name }: OtlpField, values: readonly number[]): void {
    if (values.length > 0) this.object[name] = values.map(jsonDouble)
  }

  fixed64s({ name }: OtlpField, values: readonly (number | bigint)[]): void {
    if (values.length > 0) this.object[name] = values.map(String)
  }

  uint64s(field: OtlpField, values: readonly (number | bigint)[]): void {
    this.fixed64s(field, values)
  }

  message<T>({ name }: OtlpField, value: T, write: OtlpMessage<T>): void {
    this.object[name] = jsonObject(value, write)
  }

  messages<T>({ name }: OtlpField, values: Iterable<T>, write: OtlpMessage<T>): void {
    const objects = Array.from(values, (value) => jsonObject(value, write))
    if (objects.length > 0) this.object[name] = [...this.#listAt(name), ...objects]
  }

  entries<T>(field: OtlpField, values: Readonly<Record<string, T | undefined>>, write: OtlpEntry<T>): void {
    const given = Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined)
    this.messages(field, given, (out, [key, value]) => write(out, key, value))
  }

  encoded(_field: OtlpField, _protobuf: Uint8Array, again: (out: OtlpWriter) => void): void {
    again(this)
  }

  #listAt(name: string): readonly unknown[] {
    const list = this.object[name]
    return Array.isArray(list) ? list : []
  }
}

// JSON has no other numbers; the names are protobuf's.
function jsonDouble(value: number): number | string {
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}
