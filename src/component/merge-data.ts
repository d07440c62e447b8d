import { op } from './core-instructions.ts'
import { CoreWriter } from './core-writer.ts'
import type { DataSegment } from './data-segments.ts'

/** Between two segments so many zeroes cost less than another segment does. */
const mostGap = 256

/**
 * A data section with segments that lie close together made one, zeroes between them: what snapshots a memory leaves
 * thousands of small ones, and the engine looks at each for every instance. Only for a memory that is the module's own and
 * thus zero before. Undefined when they can't be merged: some stand at places that are computed, or overlap, or are used
 * by number. The gaps take no more than the segments do.
 */
export function mergedData(segments: readonly DataSegment[]): CoreWriter | undefined {
  const groups: DataSegment[][] = []
  let room = segments.reduce((sum, { bytes }) => sum + bytes.length + segmentHead, 0)
  let end = 0
  for (const segment of segments) {
    const gap = segment.start - end
    if (segment.kind !== 'placed' || gap < 0) return undefined
    const group = groups.at(-1)
    if (group && gap <= Math.min(mostGap, room)) {
      group.push(segment)
      room -= gap
    } else groups.push([segment])
    end = endOf(segment)
  }
  const writer = new CoreWriter().u32(groups.length)
  for (const group of groups) writeGroup(group, writer)
  return writer
}

/** Bytes that a segment takes besides what it brings, about. */
const segmentHead = 6

function endOf({ start, bytes }: DataSegment): number {
  return start + bytes.length
}

function writeGroup(group: readonly DataSegment[], writer: CoreWriter): void {
  const [first] = group
  const last = group.at(-1)
  if (!first || !last) return
  writer
    .u32(0)
    .byte(0x41)
    .s32(first.start)
    .byte(op.end)
    .u32(endOf(last) - first.start)
  let at = first.start
  for (const segment of group) {
    writer.raw(new Uint8Array(segment.start - at)).raw(segment.bytes)
    at = endOf(segment)
  }
}
