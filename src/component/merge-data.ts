import { BinaryReader } from '../wit/binary-reader.ts'
import { op } from './core-instructions.ts'
import type { CoreSection } from './core-module.ts'
import { CoreWriter } from './core-writer.ts'

/** Between two segments so many zeroes cost less than another segment does. */
const mostGap = 256

const i32Const = 0x41

/** Bytes that are put at a place in memory when a module is instantiated. */
interface Segment {
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}

/**
 * The data section with segments that lie close together made one, zeroes between them: what snapshots a memory leaves
 * thousands of small ones, and the engine looks at each for every instance. Only for a memory that is the module's own and
 * thus zero before. Undefined when they can't be merged: some stand at places that are computed, or overlap, or are used
 * by number. The gaps take no more than the section does.
 */
export function mergedData(section: CoreSection, bytes: Uint8Array): CoreWriter | undefined {
  const segments = placedSegments(new BinaryReader(bytes, section.start, section.end), bytes)
  if (!segments) return undefined
  const groups: Segment[][] = []
  let room = section.end - section.start
  let last: Segment | undefined
  for (const segment of segments) {
    const gap = segment.start - (last?.end ?? 0)
    const group = groups.at(-1)
    if (group && gap <= Math.min(mostGap, room)) {
      group.push(segment)
      room -= gap
    } else groups.push([segment])
    last = segment
  }
  const writer = new CoreWriter().u32(groups.length)
  for (const group of groups) writeGroup(group, writer)
  return writer
}

/** Segments in the order of their places; undefined unless all have one that is known, behind the one before. */
function placedSegments(reader: BinaryReader, bytes: Uint8Array): readonly Segment[] | undefined {
  const segments: Segment[] = []
  let least = 0
  for (let left = reader.u32(); left > 0; left--) {
    if (reader.u32() !== 0 || reader.byte() !== i32Const) return undefined
    const start = reader.s33() >>> 0
    if (reader.byte() !== op.end || start < least) return undefined
    const { offset, end } = reader.section(reader.u32())
    least = start + end - offset
    segments.push({ start, end: least, bytes: bytes.subarray(offset, end) })
  }
  return segments
}

function writeGroup(group: readonly Segment[], writer: CoreWriter): void {
  const start = group[0]?.start ?? 0
  let at = start
  writer
    .u32(0)
    .byte(i32Const)
    .s32(start)
    .byte(op.end)
    .u32((group.at(-1)?.end ?? start) - start)
  for (const segment of group) {
    writer.raw(new Uint8Array(segment.start - at)).raw(segment.bytes)
    at = segment.end
  }
}
