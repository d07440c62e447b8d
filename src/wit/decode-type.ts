import { WeftError } from '../errors.ts'
import type { BinaryReader } from './binary-reader.ts'
import type { FunctionType, Scope, TypeDefinition } from './binary-scope.ts'
import { boundedType } from './bounded-type.ts'
import { maxArrayLength } from './parse-type.ts'
import type { WitCase, WitField, WitPrimitive, WitType } from './type.ts'

// Codes of the component model's binary format, `defvaltype`.
const primitives: Readonly<Record<number, WitPrimitive>> = {
  127: 'bool',
  126: 's8',
  125: 'u8',
  124: 's16',
  123: 'u16',
  122: 's32',
  121: 'u32',
  120: 's64',
  119: 'u64',
  118: 'f32',
  117: 'f64',
  116: 'char',
  115: 'string',
  100: 'error-context',
}

/** Reads a `valtype`: a primitive, or the index of a type defined before. */
export function readValueType(reader: BinaryReader, scope: Scope): WitType {
  const code = reader.s33()
  if (code < 0) {
    const kind = primitives[code + 128]
    if (kind) return { kind }
    throw reader.unexpected('a type', `code ${code + 128}`)
  }
  const type = scope.type(code)
  if (type.kind === 'value') return type.type
  throw reader.unexpected('a value type', `a ${type.kind}`)
}

/** Reads the value type definition whose code is `code`; undefined when the code is of another kind. */
export function readDefinedType(code: number, reader: BinaryReader, scope: Scope): WitType | undefined {
  const type = readType(code, reader, scope)
  return type && boundedType(type)
}

function readType(code: number, reader: BinaryReader, scope: Scope): WitType | undefined {
  const type = () => readValueType(reader, scope)
  const primitive = primitives[code]
  if (primitive) return { kind: primitive }
  switch (code) {
    case 0x72:
      return { kind: 'record', fields: readFields(reader, scope) }
    case 0x71:
      return { kind: 'variant', cases: reader.list(() => readCase(reader, scope)) }
    case 0x70:
      return { kind: 'list', element: type() }
    case 0x6f:
      return { kind: 'tuple', elements: reader.list(type) }
    case 0x6e:
      return { kind: 'flags', names: reader.list(() => reader.name()) }
    case 0x6d:
      return { kind: 'enum', names: reader.list(() => reader.name()) }
    case 0x6b:
      return { kind: 'option', element: type() }
    case 0x6a: {
      const ok = reader.option(type)
      const err = reader.option(type)
      return { kind: 'result', ...(ok && { ok }), ...(err && { err }) }
    }
    case 0x69:
    case 0x68:
      return { kind: code === 0x69 ? 'own' : 'borrow', resource: resourceName(scope.type(reader.u32())) }
    case 0x66:
    case 0x65: {
      const element = reader.option(type)
      return { kind: code === 0x66 ? 'stream' : 'future', ...(element && { element }) }
    }
    case 0x67:
      return arrayOf(type(), reader)
    case 0x63:
      return { kind: 'list', element: boundedType({ kind: 'tuple', elements: [type(), type()] }) }
    default:
      return undefined
  }
}

/** Reads what follows the code of a function type; 0x43 marks an async function. */
export function readFunctionType(code: number, reader: BinaryReader, scope: Scope): FunctionType {
  const params = readFields(reader, scope)
  const async = code === 0x43
  const form = reader.byte()
  if (form === 0) return { async, params, result: readValueType(reader, scope) }
  if (form === 1 && reader.u32() === 0) return { async, params }
  throw reader.unexpected('one result or none', 'named results')
}

function readFields(reader: BinaryReader, scope: Scope): WitField[] {
  return reader.list(() => ({ name: reader.name(), type: readValueType(reader, scope) }))
}

/** A list of fixed length lies in memory and travels as a tuple of so many. */
function arrayOf(element: WitType, reader: BinaryReader): WitType {
  const length = reader.u32()
  if (length < 1 || length > maxArrayLength)
    throw reader.unexpected(`a length from 1 to ${maxArrayLength}`, `${length}`)
  return { kind: 'tuple', elements: Array.from({ length }, () => element) }
}

function readCase(reader: BinaryReader, scope: Scope): WitCase {
  const name = reader.name()
  const type = reader.option(() => readValueType(reader, scope))
  if (reader.byte() !== 0) throw reader.unexpected('a case that refines none', 'a refinement')
  return { name, ...(type && { type }) }
}

function resourceName(type: TypeDefinition): string {
  if (type.kind === 'resource') return type.name
  throw new WeftError('invalid', `a handle is of a ${type.kind}, expected a resource`)
}
