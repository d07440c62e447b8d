import { WeftError } from '../errors.ts'
import { BinaryReader } from '../wit/binary-reader.ts'
import type { Extern, TypeDefinition } from '../wit/binary-scope.ts'
import { readExternDescription, readExternName, readTypeDefinition } from '../wit/decode-scope.ts'
import type { ComponentDefinition, Item, Items } from './items.ts'
import type { CoreItem, Program } from './program.ts'
import { ProgramBuilder } from './program-builder.ts'
import { readCanonDefinition } from './read-canon.ts'
import { Space } from './space.ts'

const section = {
  coreModule: 1,
  coreInstance: 2,
  coreType: 3,
  component: 4,
  instance: 5,
  alias: 6,
  type: 7,
  canon: 8,
  start: 9,
  import: 10,
  export: 11,
}
const preambleLength = 8
/** Components nest when they are composed; deeper than this is hostile. */
const deepestNesting = 100
/** Component instances of one component; more is hostile (each may make two of the next). */
const mostInstances = 1000

/** A program and the bytes of its core modules, by number. */
export interface ReadProgram {
  readonly program: Program
  readonly modules: readonly Uint8Array[]
}

/**
 * Reads a component's binary (https://github.com/WebAssembly/component-model, Binary.md) into a program. Instantiating a
 * nested component is done here, by reading it with its arguments, so that only core instances are left to make. Imports in
 * `suspending`, as `ns:pkg/iface@version#function`, may wait; async functions may anyway. Throws `invalid` when the bytes are
 * no component, or use what this reader does not know.
 */
export function readProgram(bytes: Uint8Array, suspending: ReadonlySet<string> = new Set()): ReadProgram {
  const builder = new ProgramBuilder(bytes, suspending)
  const definition = { start: 0, end: bytes.length, parent: undefined, depth: 0 }
  const exports = instantiate(definition, undefined, builder)
  for (const [name, item] of exports) {
    if (item.sort === 'func') builder.export('', name, item.func)
    if (item.sort !== 'instance') continue
    for (const [fn, one] of item.exports) if (one.sort === 'func') builder.export(name, fn, one.func)
  }
  return builder.finish()
}

/** Reads a component with these arguments (none for the root, whose imports are the host's) and gives its exports. */
function instantiate(
  definition: ComponentDefinition,
  args: Items | undefined,
  builder: ProgramBuilder,
): Items {
  if (definition.depth > deepestNesting)
    throw new WeftError('invalid', `components nest deeper than ${deepestNesting}`)
  const instance = builder.newInstance(mostInstances)
  const space = new Space(definition.parent, builder)
  const exports = new Map<string, Item>()
  const reader = new BinaryReader(builder.bytes, definition.start, definition.end)
  reader.section(preambleLength)
  while (!reader.done) {
    const id = reader.byte()
    const part = reader.section(reader.u32())
    switch (id) {
      case section.coreModule:
        space.coreModules.push(builder.module(part.offset, part.end))
        break
      case section.coreInstance:
        part.list(() => space.coreInstances.push(readCoreInstance(part, space, builder)))
        break
      case section.component:
        space.components.push({
          start: part.offset,
          end: part.end,
          parent: space,
          depth: definition.depth + 1,
        })
        break
      case section.instance:
        part.list(() => space.instances.push(readInstance(part, space, builder)))
        break
      case section.alias:
        part.list(() => readAlias(part, space))
        break
      case section.type:
        part.list(() => space.scope.types.push(readType(part, space, instance)))
        break
      case section.canon:
        part.list(() => readCanonDefinition(part, { space, builder, instance }))
        break
      case section.start:
        throw new WeftError(
          'invalid',
          'the component has a start function of its own, which is not supported',
        )
      case section.import:
        part.list(() => readImport(part, space, args))
        break
      case section.export:
        part.list(() => readExport(part, space, exports))
        break
      default:
    }
  }
  return exports
}

function readCoreInstance(reader: BinaryReader, space: Space, builder: ProgramBuilder) {
  if (reader.byte() === 1) {
    return new Map(reader.list(() => [reader.name(), space.coreItem(reader.byte(), reader.u32())] as const))
  }
  const module = space.coreModule(reader.u32())
  const imports = reader.list(() => {
    const name = reader.name()
    reader.byte()
    return [name, space.coreInstance(reader.u32())] as const
  })
  return builder.coreInstance(
    module,
    imports.map(([name, from]) => [name, typeof from === 'number' ? from : [...from]] as const),
  )
}

function readInstance(reader: BinaryReader, space: Space, builder: ProgramBuilder): Items {
  if (reader.byte() === 0) {
    const component = space.component(reader.u32())
    const args = new Map(reader.list(() => [reader.name(), readItem(reader, space)] as const))
    return instantiate(component, args, builder)
  }
  return new Map(reader.list(() => [readExternName(reader), readItem(reader, space)] as const))
}

/** A sort and an index. */
function readItem(reader: BinaryReader, space: Space): Item {
  const sort = reader.byte()
  if (sort === 0) {
    const core = reader.byte()
    if (core !== 0x11) throw reader.unexpected('a core module', `core sort ${core}`)
    return { sort: 'module', module: space.coreModule(reader.u32()) }
  }
  return space.item(sort, reader.u32())
}

function readAlias(reader: BinaryReader, space: Space): void {
  const sort = reader.byte()
  const core = sort === 0 ? reader.byte() : undefined
  const target = reader.byte()
  if (target === 0) {
    const instance = space.instance(reader.u32())
    const name = reader.name()
    const item = instance.get(name)
    if (!item) throw reader.unexpected(`an instance that exports ${name}`, 'one that does not')
    space.add(item)
  } else if (target === 1) {
    const instance = space.coreInstance(reader.u32())
    const name = reader.name()
    const item: CoreItem | undefined = typeof instance === 'number' ? { instance, name } : instance.get(name)
    if (!item) throw reader.unexpected(`a core instance that exports ${name}`, 'one that does not')
    space.addCore(core ?? 0, item)
  } else {
    const outer = space.outer(reader.u32())
    const index = reader.u32()
    if (core === 0x10) space.skipCoreType()
    else if (core === 0x11) space.coreModules.push(outer.coreModule(index))
    else space.add(outer.item(sort, index))
  }
}

function readType(reader: BinaryReader, space: Space, instance: number): TypeDefinition {
  const code = reader.peek()
  if (code !== 0x3f && code !== 0x3e) return readTypeDefinition(reader, space.scope)
  reader.byte()
  reader.byte()
  const destructor = reader.option(() => space.coreFunc(reader.u32()))
  if (code === 0x3e) throw reader.unexpected('a plain destructor', 'an asynchronous one')
  return space.defineResource({ kind: 'defined', instance, ...(destructor && { destructor }) })
}

function readImport(reader: BinaryReader, space: Space, args: Items | undefined): void {
  const name = readExternName(reader)
  if (reader.peek() === 0) throw reader.unexpected('an import that is no core module', `module ${name}`)
  const declared = readExternDescription(reader, space.scope, name)
  if (!args) {
    space.add(space.imported(name, declared))
    return
  }
  const given = args.get(name)
  if (!given) throw reader.unexpected(`an argument for the import ${name}`, 'none')
  space.add(given)
}

function readExport(reader: BinaryReader, space: Space, exports: Map<string, Item>): void {
  const name = readExternName(reader)
  const item = readItem(reader, space)
  // What it is declared as may rename types, which nobody asks for when running.
  reader.option((): Extern => readExternDescription(reader, space.scope, name))
  if (item.sort === 'func') space.nameLift(item.func, name)
  if (item.sort === 'instance')
    for (const [fn, one] of item.exports) if (one.sort === 'func') space.nameLift(one.func, `${name}#${fn}`)
  exports.set(name, item)
  if (item.sort !== 'module') space.add(item)
}
