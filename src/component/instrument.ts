import { WeftError } from '../errors.ts'
import { BinaryReader } from '../wit/binary-reader.ts'
import { type CoreSection, coreSection, coreSections, sectionOrder, type TableType } from './core-module.ts'
import { readCoreParts } from './core-parts.ts'
import { CoreWriter } from './core-writer.ts'
import { type DataRange, dataRanges, readDataSegments } from './data-segments.ts'
import { readLineRows } from './dwarf-lines.ts'
import { type CodeFacts, rewriteCode } from './instrument-code.ts'
import { helpers } from './instrument-helpers.ts'
import { laterResults, laterWrapper, waitingFunctions } from './instrument-later.ts'
import { moved, placementOf } from './instrument-placement.ts'
import {
  withElements,
  withExports,
  withFunctions,
  withGlobals,
  withImports,
  withNames,
  withTypes,
} from './instrument-sections.ts'
import { mergedData } from './merge-data.ts'
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
  /** What instantiating it writes to its memory; undefined when that is not known. */
  readonly data?: readonly DataRange[]
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
  const parts = readCoreParts(bytes, sections)
  const { imports, types, functions, globals, own, tables } = parts
  const waiting = waitingFunctions(imports, parts.functionTypes, mayWait)
  const results = laterResults(waiting)
  const place = placementOf(parts, { waiting: waiting.map(({ index }) => index), laters: results.length })
  const facts: CodeFacts = { changesTables: false }
  const added = [
    ...helpers(place).map((body, one) => ({ body, type: types + 1 + one })),
    ...waiting.map((one) => ({
      body: laterWrapper(one, place.firstLater + results.indexOf(one.result), place),
      type: one.type,
    })),
  ]
  const lines = new MovedLines(readLineRows(bytes, sections), code?.start ?? 0)
  const codeContent = rewriteCode(code && reader(code), bytes, {
    place,
    facts,
    added: added.map(({ body }) => body),
    paramsOf: functions,
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
  const data = find(coreSection.data)
  const segments = data ? readDataSegments(reader(data), bytes) : []
  // With a count its code may name segments by number.
  const merged = data && own && !find(coreSection.dataCount) && mergedData(segments)
  if (merged) content.set(coreSection.data, merged)
  const written = dataRanges(segments)
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
    withFunctions(find(coreSection.function), bytes, {
      functions: functions.length,
      added: added.map(({ type }) => type),
    }),
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
      ...(written && { data: written }),
      ...(imports.memoryNames[0] && { importedMemory: imports.memoryNames[0] }),
      ...(own && {
        memory: { initial: own.initial, ...(own.maximum !== undefined && { maximum: own.maximum }) },
      }),
    },
  }
}

function sumOf(tables: readonly TableType[]): number {
  return tables.reduce((sum, { initial }) => sum + initial, 0)
}
