import { BinaryReader } from '../wit/binary-reader.ts'
import { op, readInstruction } from './core-instructions.ts'
import {
  type CoreImports,
  type CoreSection,
  coreSection,
  coreSections,
  type MemoryType,
  readCoreImports,
  readMemoryType,
  sectionOrder,
} from './core-module.ts'
import { CoreWriter } from './core-writer.ts'
import { type CodeFacts, rewriteCode } from './instrument-code.ts'
import { helper, helpers, helperTypes } from './instrument-helpers.ts'

/** The module name under which an instrumented module imports what the host gives it. */
export const hostModule = '$weft'

/** What the host must know of an instrumented core module. */
export interface ModuleInfo {
  /** The memory that it defined; it now imports it as `$weft.memory`. */
  readonly memory?: { readonly initial: number; readonly maximum?: number }
  /** It imports the host's checks, so that it can be stopped and made to wait. */
  readonly isPreemptible: boolean
  /** It tells which pages it writes, so that its instance can be reset. */
  readonly isResettable: boolean
  /** Mutable globals, exported as `$weft.0`, `$weft.1` …, to be kept and restored; the last is the size of the memory. */
  readonly globals: number
}

const untouched: ModuleInfo = { isPreemptible: false, isResettable: false, globals: 0 }

/**
 * Rewrites a core module so that its host keeps the upper hand: its memory comes from the host, its loops look at a flag
 * that makes them wait or stop, it marks the pages that it writes, and shows its globals. A module that uses what this
 * can't rewrite is left as it is, and `ModuleInfo` says so.
 */
export function instrument(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly info: ModuleInfo } {
  try {
    const made = rewrite(bytes)
    return WebAssembly.validate(made.bytes as BufferSource) ? made : { bytes, info: untouched }
  } catch {
    return { bytes, info: untouched }
  }
}

/** Where things stand in the rewritten module. */
export interface Placement {
  /** Function indexes from here on have moved. */
  readonly movedFrom: number
  /** By how much. */
  readonly movedBy: number
  /** Indexes of the imported and added functions. */
  readonly check: number
  readonly yield: number
  readonly firstHelper: number
  /** Indexes of memories; the guest's own is 0 when there is one. */
  readonly dirty: number
  readonly flag: number
  /** The global that holds the size of the guest's memory in pages; undefined when it is not the module's own. */
  readonly pages: number | undefined
  /** Functions that stand for `memory.grow` and `memory.size`. */
  readonly grow: number
  readonly size: number
  readonly tracksStores: boolean
}

function rewrite(bytes: Uint8Array): { bytes: Uint8Array; info: ModuleInfo } {
  const sections = coreSections(bytes)
  const find = (id: number) => sections.find((section) => section.id === id)
  const reader = (section: CoreSection) => new BinaryReader(bytes, section.start, section.end)
  const code = find(coreSection.code)
  if (!code) return { bytes, info: { ...untouched, isPreemptible: true, isResettable: true } }
  const imports = readImports(find(coreSection.import), reader)
  const memories = readMemories(find(coreSection.memory), reader)
  const all = [...imports.memories, ...memories]
  if (all.length > 1 || all.some(({ isPlain }) => !isPlain))
    throw new Error('memories that are not rewritten')
  const own = memories[0]
  const types = countOf(find(coreSection.type), reader)
  const functions = countOf(find(coreSection.function), reader)
  const globals = readGlobals(find(coreSection.global), reader)
  const hasMemory = all.length > 0
  // A memory of another module is grown and measured by that module.
  const importedFunctions = hasMemory && !own ? 4 : 2
  const firstHelper = imports.functions + importedFunctions + functions
  const place: Placement = {
    movedFrom: imports.functions,
    movedBy: importedFunctions,
    check: imports.functions,
    yield: imports.functions + 1,
    firstHelper,
    dirty: hasMemory ? 1 : 0,
    flag: hasMemory ? 2 : 0,
    pages: own ? imports.globals + globals.length : undefined,
    grow: own ? firstHelper + helper.grow : imports.functions + 2,
    size: own ? firstHelper + helper.size : imports.functions + 3,
    tracksStores: hasMemory,
  }
  const facts: CodeFacts = { changesTables: false }
  const added = helpers(place)
  const paramsOf = readParams(find(coreSection.type), find(coreSection.function), reader)
  const codeContent = rewriteCode(reader(code), bytes, { place, facts, helpers: added, paramsOf })
  const mutable = globals.flatMap((isMutable, index) => (isMutable ? [imports.globals + index] : []))
  if (place.pages !== undefined) mutable.push(place.pages)
  const content = new Map<number, CoreWriter>()
  const copy = (id: number) => {
    const section = find(id)
    if (section) content.set(id, new CoreWriter().raw(bytes.subarray(section.start, section.end)))
  }
  for (const id of [coreSection.table, coreSection.tag, coreSection.dataCount, coreSection.data]) copy(id)
  content.set(coreSection.type, withTypes(find(coreSection.type), bytes, types))
  content.set(
    coreSection.import,
    withImports(imports, { bytes, section: find(coreSection.import), own, place, types }),
  )
  content.set(
    coreSection.function,
    withFunctions(find(coreSection.function), bytes, { functions, types, added: added.length }),
  )
  content.set(coreSection.global, withGlobals(find(coreSection.global), bytes, { own, globals, place }))
  content.set(coreSection.export, withExports(find(coreSection.export), bytes, { place, mutable }))
  content.set(coreSection.code, codeContent)
  const start = find(coreSection.start)
  if (start) content.set(coreSection.start, new CoreWriter().u32(moved(reader(start).u32(), place)))
  const elements = find(coreSection.element)
  if (elements) content.set(coreSection.element, withElements(reader(elements), bytes, place))
  const writer = new CoreWriter().raw(bytes.subarray(0, 8))
  for (const id of sectionOrder) {
    const one = content.get(id)
    if (one) writer.section(id, one)
  }
  const names = sections.find((section) => section.id === 0 && reader(section).name() === 'name')
  if (names) writer.section(0, withNames(reader(names), bytes, place))
  return {
    bytes: writer.bytes.slice(),
    info: {
      isPreemptible: true,
      isResettable: !facts.changesTables,
      globals: mutable.length,
      ...(own && {
        memory: { initial: own.initial, ...(own.maximum !== undefined && { maximum: own.maximum }) },
      }),
    },
  }
}

/** The index of a function after the host's were put before it. */
export function moved(index: number, place: Placement): number {
  return index < place.movedFrom ? index : index + place.movedBy
}

type OpenSection = (section: CoreSection) => BinaryReader

function readImports(section: CoreSection | undefined, open: OpenSection): CoreImports {
  return section
    ? readCoreImports(open(section))
    : { functions: 0, memories: [], globals: 0, count: 0, entries: 0 }
}

function readMemories(section: CoreSection | undefined, open: OpenSection): MemoryType[] {
  if (!section) return []
  const reader = open(section)
  return reader.list(() => readMemoryType(reader))
}

/** For each global whether it is mutable. */
function readGlobals(section: CoreSection | undefined, open: OpenSection): boolean[] {
  if (!section) return []
  const reader = open(section)
  return reader.list(() => {
    reader.s33()
    const isMutable = reader.byte() === 1
    skipExpression(reader)
    return isMutable
  })
}

/** The number of parameters of each function that is defined. Throws when types stand in groups. */
function readParams(
  types: CoreSection | undefined,
  functions: CoreSection | undefined,
  open: OpenSection,
): number[] {
  if (!types || !functions) return []
  const reader = open(types)
  const params = reader.list(() => {
    if (reader.byte() !== 0x60)
      throw reader.unexpected('a plain function type', 'a type that is not rewritten')
    const count = reader.list(() => reader.s33()).length
    reader.list(() => reader.s33())
    return count
  })
  const defined = open(functions)
  return defined.list(() => params[defined.u32()] ?? 0)
}

function countOf(section: CoreSection | undefined, open: OpenSection): number {
  return section ? open(section).u32() : 0
}

function skipExpression(reader: BinaryReader): void {
  while (readInstruction(reader).code !== op.end);
}

/** Copies an expression with its function indexes moved. */
function moveExpression(
  reader: BinaryReader,
  bytes: Uint8Array,
  { place, to }: { place: Placement; to: CoreWriter },
) {
  for (;;) {
    const { code, start, index } = readInstruction(reader)
    if (code === op.refFunc) to.byte(op.refFunc).u32(moved(index, place))
    else to.raw(bytes.subarray(start, reader.offset))
    if (code === op.end) return
  }
}

function entriesOf(section: CoreSection | undefined, bytes: Uint8Array): Uint8Array {
  if (!section) return new Uint8Array(0)
  const reader = new BinaryReader(bytes, section.start, section.end)
  reader.u32()
  return bytes.subarray(reader.offset, section.end)
}

function withTypes(section: CoreSection | undefined, bytes: Uint8Array, types: number): CoreWriter {
  const writer = new CoreWriter().u32(types + helperTypes.length).raw(entriesOf(section, bytes))
  for (const type of helperTypes)
    writer
      .byte(0x60)
      .u32(type.params.length)
      .byte(...type.params)
      .u32(type.results.length)
      .byte(...type.results)
  return writer
}

function withImports(
  imports: CoreImports,
  {
    bytes,
    section,
    own,
    place,
    types,
  }: {
    readonly bytes: Uint8Array
    readonly section: CoreSection | undefined
    readonly own: MemoryType | undefined
    readonly place: Placement
    readonly types: number
  },
): CoreWriter {
  const hasMemory = place.tracksStores
  const writer = new CoreWriter().u32(imports.count + place.movedBy + (own ? 1 : 0) + (hasMemory ? 1 : 0) + 1)
  if (section) writer.raw(bytes.subarray(imports.entries, section.end))
  writer.name(hostModule).name('check').byte(0).u32(types)
  writer
    .name(hostModule)
    .name('yield')
    .byte(0)
    .u32(types + 1)
  if (place.movedBy === 4) {
    writer
      .name(hostModule)
      .name('grow')
      .byte(0)
      .u32(types + 1 + helper.grow)
    writer.name(hostModule).name('size').byte(0).u32(types)
  }
  if (own) writer.name(hostModule).name('memory').byte(2, 0).u32(own.initial)
  if (hasMemory) writer.name(hostModule).name('dirty').byte(2, 0).u32(1)
  // Shared, one page.
  writer.name(hostModule).name('flag').byte(2, 3).u32(1).u32(1)
  return writer
}

function withFunctions(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  { functions, types, added }: { readonly functions: number; readonly types: number; readonly added: number },
): CoreWriter {
  const writer = new CoreWriter().u32(functions + added).raw(entriesOf(section, bytes))
  for (let number = 0; number < added; number++) writer.u32(types + 1 + number)
  return writer
}

function withGlobals(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  {
    own,
    globals,
    place,
  }: {
    readonly own: MemoryType | undefined
    readonly globals: readonly boolean[]
    readonly place: Placement
  },
): CoreWriter {
  const writer = new CoreWriter().u32(globals.length + (own ? 1 : 0))
  if (section) {
    const reader = new BinaryReader(bytes, section.start, section.end)
    reader.list(() => {
      const start = reader.offset
      reader.s33()
      reader.byte()
      writer.raw(bytes.subarray(start, reader.offset))
      moveExpression(reader, bytes, { place, to: writer })
    })
  }
  if (own) writer.byte(0x7f, 1, 0x41).s32(own.initial).byte(op.end)
  return writer
}

function withExports(
  section: CoreSection | undefined,
  bytes: Uint8Array,
  { place, mutable }: { readonly place: Placement; readonly mutable: readonly number[] },
): CoreWriter {
  const reader = section && new BinaryReader(bytes, section.start, section.end)
  const entries = new CoreWriter()
  let count = mutable.length
  reader?.list(() => {
    count++
    const name = reader.name()
    const kind = reader.byte()
    const index = reader.u32()
    entries
      .name(name)
      .byte(kind)
      .u32(kind === 0 ? moved(index, place) : index)
  })
  mutable.forEach((global, number) => {
    entries.name(`${hostModule}.${number}`).byte(3).u32(global)
  })
  if (place.pages !== undefined) {
    count += 2
    entries.name(`${hostModule}.grow`).byte(0).u32(place.grow)
    entries.name(`${hostModule}.size`).byte(0).u32(place.size)
  }
  return new CoreWriter().u32(count).raw(entries.bytes)
}

function withElements(reader: BinaryReader, bytes: Uint8Array, place: Placement): CoreWriter {
  const writer = new CoreWriter()
  const count = reader.u32()
  writer.u32(count)
  for (let segment = 0; segment < count; segment++) {
    const flags = reader.u32()
    writer.u32(flags)
    const isActive = (flags & 1) === 0
    if (isActive) {
      if ((flags & 2) !== 0) writer.u32(reader.u32())
      moveExpression(reader, bytes, { place, to: writer })
    }
    const usesExpressions = (flags & 4) !== 0
    if ((flags & 3) !== 0) {
      // The kind of the elements: a byte, or a reference type.
      const start = reader.offset
      if (usesExpressions) reader.s33()
      else reader.byte()
      writer.raw(bytes.subarray(start, reader.offset))
    }
    const elements = reader.u32()
    writer.u32(elements)
    for (let element = 0; element < elements; element++) {
      if (usesExpressions) moveExpression(reader, bytes, { place, to: writer })
      else writer.u32(moved(reader.u32(), place))
    }
  }
  return writer
}

/** The name section with the functions' names moved; names of locals and labels are left out. */
function withNames(reader: BinaryReader, bytes: Uint8Array, place: Placement): CoreWriter {
  reader.name()
  const writer = new CoreWriter().name('name')
  while (!reader.done) {
    const id = reader.byte()
    const part = reader.section(reader.u32())
    if (id === 0) writer.section(0, new CoreWriter().raw(bytes.subarray(part.offset, part.end)))
    if (id !== 1) continue
    const names = new CoreWriter()
    const count = part.u32()
    names.u32(count)
    for (let index = 0; index < count; index++) names.u32(moved(part.u32(), place)).name(part.name())
    writer.section(1, names)
  }
  return writer
}
