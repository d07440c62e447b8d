import { WeftError } from '../errors.ts'
import { BinaryReader } from '../wit/binary-reader.ts'
import { op, readInstruction } from './core-instructions.ts'
import {
  type CoreImports,
  type CoreSection,
  coreSection,
  type MemoryType,
  readCoreImports,
  readMemoryType,
  readTableType,
  type TableType,
} from './core-module.ts'
import { type CoreFunctionType, readFunctionTypes } from './core-types.ts'

/** What a core module imports and defines, as far as rewriting it needs to know. */
export interface CoreParts {
  readonly imports: CoreImports
  /** How many types it has. */
  readonly types: number
  /** Undefined when they are not all plain function types. */
  readonly functionTypes: readonly CoreFunctionType[] | undefined
  /** For each function that it defines how many parameters it has. */
  readonly functions: readonly number[]
  /** The memory that it defines. */
  readonly own: MemoryType | undefined
  /** It has a memory, its own or another module's. */
  readonly hasMemory: boolean
  readonly tables: readonly TableType[]
  /** For each global that it defines whether it is mutable. */
  readonly globals: readonly boolean[]
}

/** Throws `invalid` for a module that uses what is not rewritten. */
export function readCoreParts(bytes: Uint8Array, sections: readonly CoreSection[]): CoreParts {
  const open = (id: number): BinaryReader | undefined => {
    const section = sections.find((one) => one.id === id)
    return section && new BinaryReader(bytes, section.start, section.end)
  }
  const types = open(coreSection.type)
  const functionTypes = types ? readFunctionTypes(types) : []
  const imports = readImports(open(coreSection.import))
  const memories = readMemories(open(coreSection.memory))
  const all = [...imports.memories, ...memories]
  if (all.length > 1 || all.some(({ isPlain }) => !isPlain))
    throw new WeftError(
      'invalid',
      'expected one memory at most, with 32-bit addresses and not shared by threads',
    )
  return {
    imports,
    types: open(coreSection.type)?.u32() ?? 0,
    functionTypes,
    functions: readFunctions(open(coreSection.function), functionTypes),
    own: memories[0],
    hasMemory: all.length > 0,
    tables: readTables(open(coreSection.table)),
    globals: readGlobals(open(coreSection.global)),
  }
}

function readImports(reader: BinaryReader | undefined): CoreImports {
  return reader
    ? readCoreImports(reader)
    : { functions: [], memories: [], memoryNames: [], tables: [], globals: 0, count: 0, entries: 0 }
}

function readMemories(reader: BinaryReader | undefined): MemoryType[] {
  return reader?.list(() => readMemoryType(reader)) ?? []
}

function readTables(reader: BinaryReader | undefined): TableType[] {
  return reader?.list(() => readTableType(reader)) ?? []
}

function readGlobals(reader: BinaryReader | undefined): boolean[] {
  if (!reader) return []
  return reader.list(() => {
    reader.s33()
    const isMutable = reader.byte() === 1
    while (readInstruction(reader).code !== op.end);
    return isMutable
  })
}

function readFunctions(
  reader: BinaryReader | undefined,
  types: readonly CoreFunctionType[] | undefined,
): number[] {
  if (!reader) return []
  if (!types) throw reader.unexpected('functions of plain types', 'types that are not rewritten')
  return reader.list(() => types[reader.u32()]?.params.length ?? 0)
}
