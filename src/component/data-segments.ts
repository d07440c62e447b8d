import type { BinaryReader } from '../wit/binary-reader.ts'
import { op, readInstruction } from './core-instructions.ts'

const i32Const = 0x41

/** Bytes that a module brings for its memory. */
export interface DataSegment {
  /** `placed`: put at `start` when the module is instantiated; `computed`: put where an expression says; `passive`: not put. */
  readonly kind: 'placed' | 'computed' | 'passive'
  readonly start: number
  readonly bytes: Uint8Array
}

/** Reads the data section of a module with one memory. */
export function readDataSegments(reader: BinaryReader, bytes: Uint8Array): readonly DataSegment[] {
  return reader.list(() => {
    const flags = reader.u32()
    if (flags === 2) reader.u32()
    const place: Pick<DataSegment, 'kind' | 'start'> =
      flags === 1 ? { kind: 'passive', start: 0 } : readPlace(reader)
    const { offset, end } = reader.section(reader.u32())
    return { ...place, bytes: bytes.subarray(offset, end) }
  })
}

function readPlace(reader: BinaryReader): Pick<DataSegment, 'kind' | 'start'> {
  if (reader.peek() === i32Const) {
    reader.byte()
    const start = reader.s33() >>> 0
    if (reader.peek() === op.end) {
      reader.byte()
      return { kind: 'placed', start }
    }
  }
  while (readInstruction(reader).code !== op.end);
  return { kind: 'computed', start: 0 }
}

/**
 * Where instantiating a module writes its data, as ranges of memory: those that nearly touch are one. Undefined when it is
 * not known before.
 */
export function dataRanges(segments: readonly DataSegment[]): readonly DataRange[] | undefined {
  const ranges: { start: number; length: number }[] = []
  for (const { kind, start, bytes } of segments) {
    if (kind === 'passive' || bytes.length === 0) continue
    if (kind === 'computed') return undefined
    const last = ranges.at(-1)
    const gap = last ? start - (last.start + last.length) : -1
    if (last && gap >= 0 && gap < nearly) last.length += gap + bytes.length
    else ranges.push({ start, length: bytes.length })
  }
  return ranges
}

/** Bytes of a memory. */
export interface DataRange {
  readonly start: number
  readonly length: number
}

const nearly = 4096
