import type { BinaryReader } from '../wit/binary-reader.ts'

/** A function type of a core module; value types by their code. */
export interface CoreFunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

/** Reads a type section; undefined when not all of it are plain function types. */
export function readFunctionTypes(reader: BinaryReader): CoreFunctionType[] | undefined {
  const types: CoreFunctionType[] = []
  for (let left = reader.u32(); left > 0; left--) {
    if (reader.byte() !== plainFunction) return undefined
    const params = reader.list(() => reader.s33())
    types.push({ params, results: reader.list(() => reader.s33()) })
  }
  return types
}

const plainFunction = 0x60
