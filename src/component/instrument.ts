import { WeftError } from '../errors.ts'
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
  readTableType,
  sectionOrder,
  type TableType,
} from './core-module.ts'
import { CoreWriter } from './core-writer.ts'
import { readLineRows } from './dwarf-lines.ts'
import { type CodeFacts, rewriteCode } from './instrument-code.ts'
import { helper, helpers } from './instrument-helpers.ts'
import { moved, type Placement } from './instrument-placement.ts'
import {
  withElements,
  withExports,
  withFunctions,
  withGlobals,
  withImports,
  withNames,
  withTypes,
} from './instrument-sections.ts'
import { MovedLines } from './moved-lines.ts'
import { SourceLines } from './source-lines.ts'

/** What the host must know of an instrumented core module. */
export interface ModuleInfo {
  /** The memory that it defined; it now imports it as `$weft.memory`. */
  readonly memory?: { readonly initial: number; readonly maximum?: number }
  /** Module and name under which it imports the memory of another one. */
  readonly importedMemory?: readonly [string, string]
  /** Elements of the tables that it defines, before they grow. */
  readonly tableElements: number
  /** It tells which pages it writes, so that its instance can be reset. */
  readonly isResettable: boolean
  /** Mutable globals, exported as `$weft.0`, `$weft.1` …, to be kept and restored; the last is the size of the memory. */
  readonly globals: number
}

/** A rewritten core module. */
export interface InstrumentedModule {
  readonly bytes: Uint8Array
  readonly info: ModuleInfo
  /** Where its code stands in its sources, when it came with DWARF. */
  readonly lines?: SourceLines
}

/**
 * Rewrites a core module so that its host keeps the upper hand: its memory comes from the host, its loops look at a flag
 * that makes them wait or stop, it marks the pages that it writes, and shows its globals. Throws `invalid` for a module
 * that uses what this can't rewrite: it could hurt its neighbours. `number` is the module's in its program: stacks name it
 * by that.
 */
export function instrument(bytes: Uint8Array, number = 0): InstrumentedModule {
  try {
    const made = rewrite(bytes, number)
    if (WebAssembly.validate(made.bytes as BufferSource)) return made
    throw new WeftError('internal', 'what it was rewritten to is not valid')
  } catch (error) {
    const { message } = WeftError.from(error)
    throw new WeftError('invalid', `core module ${number} can't be kept within its limits: ${message}`, {
      cause: error,
    })
  }
}

function rewrite(bytes: Uint8Array, number: number): InstrumentedModule {
  const sections = coreSections(bytes)
  const find = (id: number) => sections.find((section) => section.id === id)
  const reader = (section: CoreSection) => new BinaryReader(bytes, section.start, section.end)
  const code = find(coreSection.code)
  const imports = readImports(find(coreSection.import), reader)
  const memories = readMemories(find(coreSection.memory), reader)
  const all = [...imports.memories, ...memories]
  if (all.length > 1 || all.some(({ isPlain }) => !isPlain))
    throw new WeftError(
      'invalid',
      'expected one memory at most, with 32-bit addresses and not shared by threads',
    )
  const own = memories[0]
  const tables = readTables(find(coreSection.table), reader)
  const types = countOf(find(coreSection.type), reader)
  const functions = countOf(find(coreSection.function), reader)
  const globals = readGlobals(find(coreSection.global), reader)
  const hasMemory = all.length > 0
  // A memory of another module is grown and measured by that module.
  const importedFunctions = own ? 5 : hasMemory ? 6 : 4
  const firstHelper = imports.functions + importedFunctions + functions
  const place: Placement = {
    movedFrom: imports.functions,
    movedBy: importedFunctions,
    check: imports.functions,
    yield: imports.functions + 1,
    limit: imports.functions + 2,
    tables: imports.functions + 3,
    claim: imports.functions + 4,
    firstHelper,
    dirty: hasMemory ? 1 : 0,
    flag: hasMemory ? 2 : 0,
    pages: own ? imports.globals + globals.length : undefined,
    grow: own ? firstHelper + helper.grow : imports.functions + 4,
    size: own ? firstHelper + helper.size : imports.functions + 5,
    tracksStores: hasMemory,
    tableMaxima: [...imports.tables, ...tables].map(({ maximum }) => maximum),
  }
  const facts: CodeFacts = { changesTables: false }
  const added = helpers(place)
  const paramsOf = readParams(find(coreSection.type), find(coreSection.function), reader)
  const lines = new MovedLines(readLineRows(bytes, sections), code?.start ?? 0)
  const codeContent = rewriteCode(code && reader(code), bytes, {
    place,
    facts,
    helpers: added,
    paramsOf,
    lines,
  })
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
    if (!one) continue
    writer.section(id, one)
    if (id === coreSection.code) lines.move(writer.length - one.length)
  }
  const names = sections.find((section) => section.id === 0 && reader(section).name() === 'name')
  writer.section(0, withNames(names && reader(names), place, number))
  return {
    bytes: writer.bytes.slice(),
    ...(lines.moved.length > 0 && { lines: SourceLines.of(lines.moved) }),
    info: {
      isResettable: !facts.changesTables,
      globals: mutable.length,
      tableElements: sumOf(tables),
      ...(imports.memoryNames[0] && { importedMemory: imports.memoryNames[0] }),
      ...(own && {
        memory: { initial: own.initial, ...(own.maximum !== undefined && { maximum: own.maximum }) },
      }),
    },
  }
}

type OpenSection = (section: CoreSection) => BinaryReader

function readImports(section: CoreSection | undefined, open: OpenSection): CoreImports {
  return section
    ? readCoreImports(open(section))
    : { functions: 0, memories: [], memoryNames: [], tables: [], globals: 0, count: 0, entries: 0 }
}

function readMemories(section: CoreSection | undefined, open: OpenSection): MemoryType[] {
  if (!section) return []
  const reader = open(section)
  return reader.list(() => readMemoryType(reader))
}

function readTables(section: CoreSection | undefined, open: OpenSection): TableType[] {
  if (!section) return []
  const reader = open(section)
  return reader.list(() => readTableType(reader))
}

function sumOf(tables: readonly TableType[]): number {
  return tables.reduce((sum, { initial }) => sum + initial, 0)
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
