import type { Operation } from '../call/call.ts'
import { operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import type { WitFunction } from '../wit/type.ts'
import { ByteWriter } from './byte-writer.ts'
import { type Codec, codecOf } from './codec.ts'
import { TupleCodec } from './codec-product.ts'

/** Both directions of a function. */
export interface FunctionCodec {
  readonly params: Codec
  /** Reads an array of one result, or of none. */
  readonly results: Codec
}

const functionCodecs = new WeakMap<WitFunction, FunctionCodec>()

/** The codecs of a function; the same object for the same function object. */
export function functionCodec(declared: WitFunction): FunctionCodec {
  const known = functionCodecs.get(declared)
  if (known !== undefined) return known
  const made = {
    params: new TupleCodec(declared.params.map(({ type }) => codecOf(type))),
    results: new TupleCodec(declared.result === undefined ? [] : [codecOf(declared.result)]),
  }
  functionCodecs.set(declared, made)
  return made
}

/** Writes the params of a call. An argument that is not of its type is an `invalid` error that names the param. */
export function encodeParams(operation: Operation, args: readonly unknown[]): ByteWriter {
  const { params } = operation.function
  if (args.length !== params.length) {
    throw new WeftError(
      'invalid',
      `expected ${params.length} params for ${operationName(operation)}, found ${args.length}`,
    )
  }
  const writer = new ByteWriter()
  for (const [index, { name, type }] of params.entries()) {
    writer.path[0] = index
    try {
      codecOf(type).write(writer, args[index])
    } catch (thrown) {
      throw inContext(`param ${name} of ${operationName(operation)}`, thrown)
    }
  }
  return writer
}

/** Writes the result of a call. */
export function encodeResult(operation: Operation, value: unknown): ByteWriter {
  const { result } = operation.function
  const writer = new ByteWriter([0])
  if (result === undefined) return writer
  try {
    codecOf(result).write(writer, value)
  } catch (thrown) {
    const { message } = WeftError.from(thrown)
    throw new WeftError('internal', `the result of ${operationName(operation)}: ${message}`, {
      cause: thrown,
    })
  }
  return writer
}

/** The same error, saying where it was found. */
export function inContext(where: string, thrown: unknown): WeftError {
  const { code, message } = WeftError.from(thrown)
  return new WeftError(code, `${where}: ${message}`, { cause: thrown })
}
