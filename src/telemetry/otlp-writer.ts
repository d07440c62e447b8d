/** A field of an OTLP message: its number in protobuf, its name in JSON. */
export interface OtlpField {
  readonly number: number
  readonly name: string
}

/**
 * Writes OTLP messages, in protobuf or JSON. Each message is described once, by a function that calls these; fields that
 * have their default value (an empty text, zero, no messages) are left out.
 */
export interface OtlpWriter {
  text(field: OtlpField, value: string): void
  /** Bytes given as lower-case hex: trace and span ids, which OTLP/JSON keeps as hex. */
  hex(field: OtlpField, value: string): void
  bytes(field: OtlpField, value: Uint8Array): void
  /** A small number: uint32 or an enum. */
  integer(field: OtlpField, value: number): void
  fixed32(field: OtlpField, value: number): void
  /** The same, and zero is written too: a member of a oneof, or an optional field. */
  bool(field: OtlpField, value: boolean): void
  double(field: OtlpField, value: number): void
  int64(field: OtlpField, value: number | bigint): void
  sfixed64(field: OtlpField, value: number | bigint): void
  sint32(field: OtlpField, value: number): void
  fixed64(field: OtlpField, value: number | bigint): void
  /** A moment: milliseconds since the epoch with fractions, or nanoseconds as a bigint. */
  time(field: OtlpField, value: number | bigint): void
  doubles(field: OtlpField, values: readonly number[]): void
  fixed64s(field: OtlpField, values: readonly (number | bigint)[]): void
  uint64s(field: OtlpField, values: readonly (number | bigint)[]): void
  message<T>(field: OtlpField, value: T, write: OtlpMessage<T>): void
  messages<T>(field: OtlpField, values: Iterable<T>, write: OtlpMessage<T>): void
  /** A message for each entry that is given. */
  entries<T>(field: OtlpField, values: Readonly<Record<string, T | undefined>>, write: OtlpEntry<T>): void
  /** Whole fields that are in protobuf already; `again` writes them where another format is wanted. */
  encoded(field: OtlpField, protobuf: Uint8Array, again: (out: OtlpWriter) => void): void
}

/** How a value becomes the fields of a message. */
export type OtlpMessage<T> = (out: OtlpWriter, value: T) => void

/** The same for an entry of a map. */
export type OtlpEntry<T> = (out: OtlpWriter, key: string, value: T) => void

/** Makes fields of their names and numbers, as the `.proto` files list them. */
export function otlpFields<Name extends string>(
  numbers: Readonly<Record<Name, number>>,
): Readonly<Record<Name, OtlpField>> {
  const fields: Partial<Record<Name, OtlpField>> = {}
  for (const name in numbers) fields[name] = { number: numbers[name], name }
  return fields as Record<Name, OtlpField>
}

/** Nanoseconds since the epoch of a moment in milliseconds or nanoseconds. */
export function nanosOf(time: number | bigint): bigint {
  if (typeof time === 'bigint') return time
  const seconds = Math.floor(time / 1000)
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.round((time - seconds * 1000) * 1e6))
}
