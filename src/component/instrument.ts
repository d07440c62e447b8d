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
import { type CoreFunctionType, readFunctionTypes } from './core-types.ts'
import { CoreWriter } from './core-writer.ts'
import { readLineRows } from './dwarf-lines.ts'
import { type CodeFacts, rewriteCode } from './instrument-code.ts'
import { helper, helpers } from './instrument-helpers.ts'
import { laterResults, laterWrapper, waitingFunctions } from './instrument-later.ts'
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
import type { MayWait } from './waiting-imports.ts'

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
  /** It calls `later` when an import left a promise; otherwise imports that may wait suspend its stack themselves. */
  readonly callsLater: boolean
}

/** A rewritten core module. */
export interface InstrumentedModule {
  readonly bytes: Uint8Array
  readonly info: ModuleInfo
  /** Where its code stands in its sources, when it came with DWARF. */
  readonly lines?: SourceLines
}

export interface InstrumentOptions {
  /** The module's in its program: stacks name it by that. */
  readonly number?: number
  /** Which of its imports may wait; none when left out. */
  readonly mayWait?: MayWait | undefined
}

/**
 * Rewrites a core module so that its host keeps the upper hand: its memory comes from the host, its loops look at a flag
 * that makes them wait or stop, it marks the pages that it writes, shows its globals, and waits only for imports that left
 * a promise. Throws `invalid` for a module that uses what this can't rewrite: it could hurt its neighbours.
 */
export function instrument(
  bytes: Uint8Array,
  { number = 0, mayWait = () => false }: InstrumentOptions = {},
): InstrumentedModule {
  try {
    const made = rewrite(bytes, { number, mayWait })
    if (WebAssembly.validate(made.bytes as BufferSource)) return made
    throw new WeftError('internal', 'what it was rewritten to is not valid')
  } catch (error) {
    const { message } = WeftError.from(error)
    throw new WeftError('invalid', `core module ${number} can't be kept within its limits: ${message}`, {
      cause: error,
    })
  }
}

function rewrite(
  bytes: Uint8Array,
  { number, mayWait }: { readonly number: number; readonly mayWait: MayWait },
): InstrumentedModule {
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
  const functionTypes = readTypes(find(coreSection.type), reader)
  const functions = countOf(find(coreSection.function), reader)
  const globals = readGlobals(find(coreSection.global), reader)
  const hasMemory = all.length > 0
  // A memory of another module is grown and measured by that module.
  const hostFunctions = own ? 7 : hasMemory ? 8 : 6
  const firstHost = imports.functions.length
  const firstLater = firstHost + hostFunctions
  const waiting = waitingFunctions(imports, functionTypes, mayWait)
  const results = laterResults(waiting)
  const firstHelper = firstLater + results.length + functions
  const firstWrapper = firstHelper + Object.keys(helper).length
  const place: Placement = {
    movedFrom: firstHost,
    movedBy: hostFunctions + results.length,
    check: firstHost,
    yield: firstHost + 1,
    limit: firstHost + 2,
    tables: firstHost + 3,
    waiting: firstHost + 4,
    resumed: firstHost + 5,
    claim: firstHost + 6,
    firstHelper,
    wrappers: new Map(waiting.map(({ index }, wrapper) => [index, firstWrapper + wrapper])),
    dirty: hasMemory ? 1 : 0,
    flag: hasMemory ? 2 : 0,
    pages: own ? imports.globals + globals.length : undefined,
    grow: own ? firstHelper + helper.grow : firstHost + 6,
    size: own ? firstHelper + helper.size : firstHost + 7,
    tracksStores: hasMemory,
    tableMaxima: [...imports.tables, ...tables].map(({ maximum }) => maximum),
  }
  const facts: CodeFacts = { changesTables: false }
  const added = [
    ...helpers(place).map((body, one) => ({ body, type: types + 1 + one })),
    ...waiting.map((one) => ({
      body: laterWrapper(one, firstLater + results.indexOf(one.result), place),
      type: one.type,
    })),
  ]
  const paramsOf = readParams(functionTypes, find(coreSection.function), reader)
  const lines = new MovedLines(readLineRows(bytes, sections), code?.start ?? 0)
  const codeContent = rewriteCode(code && reader(code), bytes, {
    place,
    facts,
    added: added.map(({ body }) => body),
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
  content.set(coreSection.type, withTypes(find(coreSection.type), bytes, { types, results }))
  content.set(
    coreSection.import,
    withImports(imports, {
      bytes,
      section: find(coreSection.import),
      own,
      place,
      types,
      laters: results.length,
    }),
  )
  content.set(
    coreSection.function,
    withFunctions(find(coreSection.function), bytes, { functions, added: added.map(({ type }) => type) }),
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
      callsLater: waiting.length > 0,
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
    : { functions: [], memories: [], memoryNames: [], tables: [], globals: 0, count: 0, entries: 0 }
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

/** The module's types; undefined when they are not all plain function types. */
function readTypes(
  section: CoreSection | undefined,
  open: OpenSection,
): readonly CoreFunctionType[] | undefined {
  return section ? readFunctionTypes(open(section)) : []
}

/** The number of parameters of each function that is defined. Throws when types stand in groups. */
function readParams(
  types: readonly CoreFunctionType[] | undefined,
  functions: CoreSection | undefined,
  open: OpenSection,
): number[] {
  if (!functions) return []
  const defined = open(functions)
  if (!types) throw defined.unexpected('functions of plain types', 'types that are not rewritten')
  return defined.list(() => types[defined.u32()]?.params.length ?? 0)
}

function countOf(section: CoreSection | undefined, open: OpenSection): number {
  return section ? open(section).u32() : 0
}

function skipExpression(reader: BinaryReader): void {
  while (readInstruction(reader).code !== op.end);
}
