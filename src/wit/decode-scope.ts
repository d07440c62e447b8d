import type { BinaryReader } from './binary-reader.ts'
import { type Exports, type Extern, Scope, type TypeDefinition } from './binary-scope.ts'
import { readDefinedType, readFunctionType } from './decode-type.ts'

const sorts: Readonly<Record<number, Extern['sort']>> = {
  0: 'core',
  1: 'func',
  2: 'value',
  3: 'type',
  4: 'component',
  5: 'instance',
}

/** Reads a sort; a core sort has a second byte, of no interest here. */
export function readSort(reader: BinaryReader): Extern['sort'] {
  const code = reader.byte()
  const sort = sorts[code]
  if (!sort) throw reader.unexpected('a sort', `code ${code}`)
  if (sort === 'core') reader.byte()
  return sort
}

/** Names of imports and exports begin with a byte for their form; form 2 carries a version suffix behind the name. */
export function readExternName(reader: BinaryReader): string {
  const form = reader.byte()
  const name = reader.name()
  if (form === 2) reader.name()
  if (form > 2) throw reader.unexpected('the name of an import or export', `form ${form}`)
  return name
}

export function readAlias(reader: BinaryReader, scope: Scope): Extern {
  const sort = readSort(reader)
  const target = reader.byte()
  if (target === 0) {
    const instance = scope.get('instance', reader.u32())
    const name = reader.name()
    const found = instance.sort === 'instance' ? instance.exports.get(name) : undefined
    if (!found) throw reader.unexpected(`an instance that exports ${name}`, 'one that does not')
    return found
  }
  if (target === 1) {
    reader.u32()
    reader.name()
    return { sort: 'core' }
  }
  const levels = reader.u32()
  const index = reader.u32()
  return sort === 'core' ? { sort } : scope.outer(levels).get(sort, index)
}

/** Reads what an import or export is declared to be. */
export function readExternDescription(reader: BinaryReader, scope: Scope, name: string): Extern {
  const code = reader.byte()
  switch (code) {
    case 0:
      reader.byte()
      reader.u32()
      return { sort: 'core' }
    case 1: {
      const type = scope.type(reader.u32())
      if (type.kind !== 'func') throw reader.unexpected('a function type', `a ${type.kind}`)
      return { sort: 'func', type: type.type }
    }
    case 2:
      if (reader.byte() === 0) reader.u32()
      else reader.s33()
      return { sort: 'value' }
    case 3:
      return { sort: 'type', type: readTypeBound(reader, scope, name) }
    case 4:
    case 5: {
      const type = scope.type(reader.u32())
      if (type.kind !== 'component' && type.kind !== 'instance')
        throw reader.unexpected('an instance type', `a ${type.kind}`)
      return { sort: type.kind, exports: type.exports }
    }
    default:
      throw reader.unexpected('the kind of an import or export', `code ${code}`)
  }
}

function readTypeBound(reader: BinaryReader, scope: Scope, name: string): TypeDefinition {
  if (reader.byte() === 0) return scope.type(reader.u32())
  return scope.newResource(resourceNameFrom(name))
}

/** Shims that re-export an interface import its resources under `import-type-…`. */
function resourceNameFrom(name: string): string {
  return name.replace(/^import-type-/, '')
}

/** Reads one entry of a type section. */
export function readTypeDefinition(reader: BinaryReader, scope: Scope): TypeDefinition {
  const code = reader.byte()
  if (code === 0x40 || code === 0x43) return { kind: 'func', type: readFunctionType(code, reader, scope) }
  if (code === 0x41) return { kind: 'component', exports: readDeclarations(reader, scope) }
  if (code === 0x42) return { kind: 'instance', exports: readDeclarations(reader, scope) }
  if (code === 0x3f || code === 0x3e) {
    reader.byte()
    reader.option(() => reader.u32())
    return { kind: 'resource', name: 'resource' }
  }
  const type = readDefinedType(code, reader, scope)
  if (!type) throw reader.unexpected('a type', `code 0x${code.toString(16)}`)
  return { kind: 'value', type }
}

function readDeclarations(reader: BinaryReader, parent: Scope): Exports {
  const scope = new Scope(parent)
  const exports = new Map<string, Extern>()
  reader.list(() => {
    const code = reader.byte()
    if (code === 1) return scope.add({ sort: 'type', type: readTypeDefinition(reader, scope) })
    if (code === 2) return scope.add(readAlias(reader, scope))
    if (code !== 3 && code !== 4) throw reader.unexpected('a declaration', `code ${code}`)
    const name = readExternName(reader)
    const item = readExternDescription(reader, scope, name)
    if (code === 4) exports.set(name, item)
    scope.add(item)
  })
  return exports
}
