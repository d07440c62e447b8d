import { op } from './core-instructions.ts'
import { CoreWriter } from './core-writer.ts'
import type { Placement } from './instrument-placement.ts'

const i32 = 0x7f
const externref = 0x6f

/** Types of what is added to a module: the host's check, then its yield and the helpers, in their order; then other imports'. */
export const helperTypes: readonly {
  readonly params: readonly number[]
  readonly results: readonly number[]
}[] = [
  { params: [], results: [i32] },
  { params: [], results: [] },
  { params: [i32], results: [i32] },
  { params: [i32, i32], results: [] },
  { params: [], results: [i32] },
  { params: [i32, i32, i32], results: [i32] },
  { params: [], results: [externref] },
  { params: [externref], results: [] },
]

/** Where the types of some of the host's functions stand in `helperTypes`. */
export const hostType = { tables: 5, waiting: 6, resumed: 7 } as const

/** Pages of 4096 bytes: what is marked as written, and restored. */
export const dirtyPageBits = 12

/** The bodies of the helper functions. Their types are `helperTypes` from the second on. */
export function helpers(place: Placement): CoreWriter[] {
  return [poll(place), grow(place), mark(place), size(place)]
}

/** The flag is set: ask the host, and wait when it says so. */
function poll(place: Placement): CoreWriter {
  return body((code) => {
    code.byte(op.call).u32(place.check)
    code.byte(op.if, 0x40, op.call).u32(place.waiting).byte(op.call).u32(place.yield)
    code.byte(op.call).u32(place.resumed).byte(op.end)
  })
}

/** `memory.grow`, which hands out pages that an invocation before had grown by and that were zeroed since. */
function grow(place: Placement): CoreWriter {
  const { pages } = place
  if (pages === undefined) return body((code) => code.byte(0x41, 0))
  const getPages = (code: CoreWriter) => code.byte(0x23).u32(pages)
  return body((code) => {
    // if !claim(delta) return -1
    code.byte(0x20, 0, op.call).u32(place.claim).byte(0x45, op.if, 0x40, op.call).u32(place.limit)
    code.byte(0x41, 0x7f, 0x0f, op.end)
    // if (pages + delta, as 64 bits) <= memory.size
    getPages(code).byte(0xad, 0x20, 0, 0xad, 0x7c)
    code.byte(op.memorySize, 0, 0xad, 0x58)
    code.byte(op.if, i32)
    getPages(code)
    getPages(code).byte(0x20, 0, 0x6a, 0x24).u32(pages)
    code.byte(op.else)
    // else if memory.grow(pages + delta - memory.size) != -1
    getPages(code).byte(0x20, 0, 0x6a, op.memorySize, 0, 0x6b, op.memoryGrow, 0)
    code.byte(0x41, 0x7f, 0x46, op.if, i32, op.call).u32(place.limit).byte(0x41, 0x7f, op.else)
    getPages(code)
    getPages(code).byte(0x20, 0, 0x6a, 0x24).u32(pages)
    code.byte(op.end, op.end)
  })
}

/** `memory.size`, without the pages that only an invocation before had. */
function size({ pages }: Placement): CoreWriter {
  return body((code) => (pages === undefined ? code.byte(0x41, 0) : code.byte(0x23).u32(pages)))
}

/** Marks the pages of `length` bytes at `start` as written. */
function mark(place: Placement): CoreWriter {
  return body((code) => {
    if (!place.tracksStores) return
    code.byte(0x20, 1, op.if, 0x40)
    // memory.fill dirty, start >> 12, 1, ((start + length - 1) >> 12) - (start >> 12) + 1
    code.byte(0x20, 0, 0x41, dirtyPageBits, 0x76, 0x41, 1)
    code.byte(0x20, 0, 0x20, 1, 0x6a, 0x41, 1, 0x6b, 0x41, dirtyPageBits, 0x76)
    code.byte(0x20, 0, 0x41, dirtyPageBits, 0x76, 0x6b, 0x41, 1, 0x6a)
    code.byte(0xfc).u32(0x0b).u32(place.dirty)
    code.byte(op.end)
  })
}

function body(write: (code: CoreWriter) => void): CoreWriter {
  const code = new CoreWriter().u32(0)
  write(code)
  return code.byte(op.end)
}
