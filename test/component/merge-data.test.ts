import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CoreWriter } from '../../src/component/core-writer.ts'
import { readDataSegments } from '../../src/component/data-segments.ts'
import { mergedData } from '../../src/component/merge-data.ts'
import { BinaryReader } from '../../src/wit/binary-reader.ts'

type Segment = readonly [at: number, bytes: readonly number[]]

function active([at, bytes]: Segment): CoreWriter {
  return new CoreWriter()
    .u32(0)
    .byte(0x41)
    .s32(at)
    .byte(0x0b)
    .u32(bytes.length)
    .byte(...bytes)
}

function sectionOf(...segments: readonly CoreWriter[]): CoreWriter {
  const writer = new CoreWriter().u32(segments.length)
  for (const segment of segments) writer.raw(segment.bytes)
  return writer
}

function merged(section: CoreWriter): CoreWriter | undefined {
  return mergedData(readDataSegments(new BinaryReader(section.bytes), section.bytes))
}

/** The memory of a module of one page with this data section. */
function memoryWith(data: CoreWriter): Uint8Array {
  const module = new CoreWriter()
    .byte(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(5, new CoreWriter().byte(1, 0, 1))
    .section(7, new CoreWriter().byte(1).name('m').byte(2, 0))
    .section(11, data)
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes.slice()))
  return new Uint8Array((exports['m'] as WebAssembly.Memory).buffer)
}

const many: readonly Segment[] = Array.from({ length: 1000 }, (_, number) => [
  number * 40 + (number >= 500 ? 3000 : 0),
  Array.from({ length: 24 }, (_, at) => ((number + at) % 255) + 1),
])

describe('segments of data that lie close together', () => {
  test('become one, and memory begins as it did', () => {
    const section = sectionOf(...many.map(active))
    const made = merged(section)
    assert.ok(made)
    assert.equal(made.bytes[0], 2)
    assert.deepEqual(memoryWith(made), memoryWith(section))
  })

  test('fill no more than the section had', () => {
    const section = sectionOf(...many.map(([at]) => active([at + at * 5, [1]])))
    const made = merged(section)
    assert.ok(made && made.length < 2 * section.length + 16, `${section.length} became ${made?.length}`)
  })

  test('stay as they are where one overlaps another, or stands before it', () => {
    assert.equal(merged(sectionOf(active([8, [1, 2]]), active([9, [3]]))), undefined)
    assert.equal(merged(sectionOf(active([8, [1]]), active([0, [3]]))), undefined)
  })

  test('stay as they are where one is passive or at a place that is computed', () => {
    const passive = new CoreWriter().u32(1).u32(1).byte(7)
    const computed = new CoreWriter().u32(0).byte(0x23, 0, 0x0b).u32(1).byte(7)
    assert.equal(merged(sectionOf(active([0, [1]]), passive)), undefined)
    assert.equal(merged(sectionOf(active([0, [1]]), computed)), undefined)
  })

  test('may stand in the upper half of memory', () => {
    const made = merged(sectionOf(active([0x8000_0000 | 0, [1]]), active([(0x8000_0000 | 0) + 2, [2]])))
    assert.deepEqual([...(made?.bytes ?? [])].slice(0, 3), [1, 0, 0x41])
  })
})
