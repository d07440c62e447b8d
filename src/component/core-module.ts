import { BinaryReader } from '../wit/binary-reader.ts'

/** A section of a core module, by the range of its content. */
export interface CoreSection {
  readonly id: number
  readonly start: number
  readonly end: number
}

export const coreSection = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const

/** The order of sections in a module; custom ones may stand anywhere and are put last. */
export const sectionOrder = [
  coreSection.type,
  coreSection.import,
  coreSection.function,
  coreSection.table,
  coreSection.memory,
  coreSection.tag,
  coreSection.global,
  coreSection.export,
  coreSection.start,
  coreSection.element,
  coreSection.dataCount,
  coreSection.code,
  coreSection.data,
] as const

const preambleLength = 8

/** Finds the sections of a core module. */
export function coreSections(bytes: Uint8Array): CoreSection[] {
  const reader = new BinaryReader(bytes)
  reader.section(preambleLength)
  const sections: CoreSection[] = []
  while (!reader.done) {
    const id = reader.byte()
    const part = reader.section(reader.u32())
    sections.push({ id, start: part.offset, end: part.end })
  }
  return sections
}

export interface MemoryType {
  readonly initial: number
  readonly maximum?: number
  /** Plain 32-bit memory, not shared. */
  readonly isPlain: boolean
}

/** The size of a table in elements. */
export interface TableType {
  readonly initial: number
  readonly maximum?: number
}

/** Reads a table's type. Throws on those with 64-bit indexes or with an expression for what they hold at first. */
export function readTableType(reader: BinaryReader): TableType {
  if (reader.peek() === 0x40) throw reader.unexpected('a plain table', 'one with an expression')
  reader.s33()
  const { isPlain, ...size } = readMemoryType(reader)
  if (!isPlain) throw reader.unexpected('a plain table', 'one that is not rewritten')
  return size
}

export function readMemoryType(reader: BinaryReader): MemoryType {
  const flags = reader.byte()
  const isPlain = flags <= 1
  if (!isPlain) return { initial: 0, isPlain }
  const initial = reader.u32()
  return { initial, isPlain, ...((flags & 1) === 1 && { maximum: reader.u32() }) }
}

export interface CoreFunctionImport {
  readonly module: string
  readonly name: string
  readonly type: number
}

/** What the import section brings, counted by kind. */
export interface CoreImports {
  readonly functions: readonly CoreFunctionImport[]
  readonly memories: readonly MemoryType[]
  /** Module and name of each memory. */
  readonly memoryNames: readonly (readonly [string, string])[]
  readonly tables: readonly TableType[]
  readonly globals: number
  readonly count: number
  /** Where the first entry stands. */
  readonly entries: number
}

export function readCoreImports(reader: BinaryReader): CoreImports {
  const functions: CoreFunctionImport[] = []
  let globals = 0
  const memories: MemoryType[] = []
  const memoryNames: [string, string][] = []
  const tables: TableType[] = []
  const count = reader.u32()
  const entries = reader.offset
  for (let index = 0; index < count; index++) {
    const name: [string, string] = [reader.name(), reader.name()]
    const kind = reader.byte()
    if (kind === 0) functions.push({ module: name[0], name: name[1], type: reader.u32() })
    else if (kind === 1) tables.push(readTableType(reader))
    else if (kind === 2) {
      memories.push(readMemoryType(reader))
      memoryNames.push(name)
    } else if (kind === 3) {
      reader.s33()
      reader.byte()
      globals++
    } else if (kind === 4) {
      reader.byte()
      reader.u32()
    } else throw reader.unexpected('the kind of an import', `code ${kind}`)
  }
  return { functions, globals, memories, memoryNames, tables, count, entries }
}
