import { WeftError } from '../errors.ts'
import { BinaryReader } from './binary-reader.ts'
import { type Exports, type Extern, Scope } from './binary-scope.ts'
import { readCanon } from './decode-canon.ts'
import {
  readAlias,
  readExternDescription,
  readExternName,
  readSort,
  readTypeDefinition,
} from './decode-scope.ts'
import type { WitInterface, WitWorld } from './type.ts'

const section = { component: 4, instance: 5, alias: 6, type: 7, canon: 8, import: 10, export: 11 }
const preambleLength = 8
/** Components nest when they are composed; deeper than this is hostile. */
const deepestNesting = 100

/**
 * Reads the world of a component from its binary (https://github.com/WebAssembly/component-model, Binary.md): what it
 * imports and exports, with all types. Core code is skipped. Bytes that are not a component are `invalid`.
 */
export function decodeWorld(bytes: Uint8Array): WitWorld {
  const { imports, exports } = readComponent(new BinaryReader(bytes), undefined, 0)
  return { imports: interfacesOf(imports), exports: interfacesOf(exports) }
}

interface ComponentContents {
  readonly imports: Exports
  readonly exports: Exports
}

function readComponent(reader: BinaryReader, parent: Scope | undefined, depth: number): ComponentContents {
  if (depth > deepestNesting) throw new WeftError('invalid', `components nest deeper than ${deepestNesting}`)
  const scope = new Scope(parent)
  const imports = new Map<string, Extern>()
  const exports = new Map<string, Extern>()
  reader.section(preambleLength)
  while (!reader.done) {
    const id = reader.byte()
    const part = reader.section(reader.u32())
    if (id === section.component) scope.components.push(readComponent(part, scope, depth + 1).exports)
    else if (id === section.instance) part.list(() => scope.instances.push(readInstance(part, scope)))
    else if (id === section.alias) part.list(() => scope.add(readAlias(part, scope)))
    else if (id === section.type) part.list(() => scope.types.push(readTypeDefinition(part, scope)))
    else if (id === section.canon) part.list(() => readLift(part, scope))
    else if (id === section.import) part.list(() => readImport(part, scope, imports))
    else if (id === section.export) part.list(() => readExport(part, scope, exports))
  }
  return { imports, exports }
}

function readLift(reader: BinaryReader, scope: Scope): void {
  const index = readCanon(reader)
  if (index === undefined) return
  const type = scope.type(index)
  if (type.kind !== 'func') throw reader.unexpected('a function type', `a ${type.kind}`)
  scope.funcs.push(type.type)
}

function readInstance(reader: BinaryReader, scope: Scope): Exports {
  if (reader.byte() === 0) {
    const component = scope.get('component', reader.u32())
    reader.list(() => {
      reader.name()
      readSort(reader)
      reader.u32()
    })
    return component.sort === 'component' ? component.exports : new Map()
  }
  return new Map(
    reader.list(() => [readExternName(reader), scope.get(readSort(reader), reader.u32())] as const),
  )
}

function readImport(reader: BinaryReader, scope: Scope, imports: Map<string, Extern>): void {
  const name = readExternName(reader)
  const item = readExternDescription(reader, scope, name)
  imports.set(name, item)
  scope.add(item)
}

function readExport(reader: BinaryReader, scope: Scope, exports: Map<string, Extern>): void {
  const name = readExternName(reader)
  const item = scope.get(readSort(reader), reader.u32())
  const declared = reader.option(() => readExternDescription(reader, scope, name)) ?? item
  if (declared.sort === 'type' && declared.type.kind === 'resource' && declared.type.name === 'resource')
    declared.type.name = name
  exports.set(name, declared)
  scope.add(declared)
}

/** Instances are interfaces; functions that stand alone belong to the world itself. */
function interfacesOf(items: Exports): WitInterface[] {
  const interfaces = [...items].flatMap(([id, item]) =>
    item.sort === 'instance' ? [{ id, functions: functionsOf(item.exports) }] : [],
  )
  const root = functionsOf(items)
  return root.length === 0 ? interfaces : [...interfaces, { id: '', functions: root }]
}

function functionsOf(items: Exports): WitInterface['functions'] {
  return [...items].flatMap(([name, item]) => (item.sort === 'func' ? [{ name, ...item.type }] : []))
}
