import type { BinaryReader } from '../wit/binary-reader.ts'
import { type Instruction, op, readInstruction } from './core-instructions.ts'
import { CoreWriter } from './core-writer.ts'
import { dirtyPageBits } from './instrument-helpers.ts'
import { helper, moved, type Placement } from './instrument-placement.ts'
import type { MovedLines } from './moved-lines.ts'

/** What was seen in a module's code. */
export interface CodeFacts {
  /** It changes tables or segments while it runs, which a reset could not undo. */
  changesTables: boolean
}

interface Rewriting {
  readonly place: Placement
  readonly facts: CodeFacts
  /** Bodies of the functions that are added. */
  readonly added: readonly CoreWriter[]
  /** Parameters of each function that the module defines. */
  readonly paramsOf: readonly number[]
  /** Follows where instructions go. */
  readonly lines: MovedLines
}

const i32 = 0x7f
const i64 = 0x7e
const f32 = 0x7d
const f64 = 0x7c
const v128 = 0x7b
/** Locals that are added to a function: for an address, a second number, and values of each type. */
const addedTypes = [i32, i32, i32, i64, f32, f64, v128, i32, i32, i32] as const
const local = {
  address: 0,
  second: 1,
  i32: 2,
  i64: 3,
  f32: 4,
  f64: 5,
  v128: 6,
  turns: 7,
  page: 8,
  marked: 9,
} as const

/** Loops look at the flag once in so many turns of their function: a turn costs much less than a look. A power of two. */
const turnsPerLook = 1024

/** The local that holds the value of a store, by opcode. */
const storedIn: Readonly<Record<number, number>> = {
  54: local.i32,
  55: local.i64,
  56: local.f32,
  57: local.f64,
  58: local.i32,
  59: local.i32,
  60: local.i64,
  61: local.i64,
  62: local.i64,
  [op.v128Store]: local.v128,
  64856: local.v128,
  64857: local.v128,
  64858: local.v128,
  64859: local.v128,
}

const tableChanges: ReadonlySet<number> = new Set([
  op.tableSet,
  op.tableInit,
  op.tableCopy,
  op.tableGrow,
  op.tableFill,
  op.elemDrop,
  op.dataDrop,
])

const calls: ReadonlySet<number> = new Set([
  op.call,
  op.callIndirect,
  op.returnCall,
  op.returnCallIndirect,
  op.callRef,
  op.returnCallRef,
])

/** The code section, which a module without functions has not, with every function rewritten and what is added behind them. */
export function rewriteCode(
  reader: BinaryReader | undefined,
  bytes: Uint8Array,
  rewriting: Rewriting,
): CoreWriter {
  const count = reader?.u32() ?? 0
  const writer = new CoreWriter().u32(count + rewriting.added.length)
  for (let index = 0; reader && index < count; index++) {
    const part = reader.section(reader.u32())
    const body = rewriteBody(part, bytes, { ...rewriting, params: rewriting.paramsOf[index] ?? 0 })
    writer.u32(body.length)
    rewriting.lines.place(writer.length)
    writer.raw(body.bytes)
  }
  for (const one of rewriting.added) writer.u32(one.length).raw(one.bytes)
  return writer
}

function rewriteBody(
  reader: BinaryReader,
  bytes: Uint8Array,
  { place, facts, params, lines }: Rewriting & { readonly params: number },
): CoreWriter {
  const groups = reader.u32()
  const groupsStart = reader.offset
  let locals = params
  for (let group = 0; group < groups; group++) {
    locals += reader.u32()
    reader.s33()
  }
  const declared = bytes.subarray(groupsStart, reader.offset)
  const writer: BodyWriter = { code: new CoreWriter(), place, firstAdded: locals, usesAdded: false }
  let makesCalls = false
  while (!reader.done) {
    const instruction = readInstruction(reader)
    const raw = bytes.subarray(instruction.start, reader.offset)
    if (calls.has(instruction.code)) makesCalls = true
    if (tableChanges.has(instruction.code)) facts.changesTables = true
    lines.reach(instruction.start, writer.code.length)
    writeInstruction(writer, instruction, raw)
  }
  const body = new CoreWriter()
  body.u32(groups + (writer.usesAdded ? addedTypes.length : 0)).raw(declared)
  if (writer.usesAdded) {
    for (const type of addedTypes) body.u32(1).byte(type)
    // No page has this number.
    body.byte(0x41, 0x7f, 0x21).u32(locals + local.marked)
  }
  // A function that calls nothing can't recurse: its loops are enough.
  if (makesCalls) writeCheck(body, place)
  lines.endBody(body.length)
  return body.raw(writer.code.bytes)
}

interface BodyWriter {
  readonly code: CoreWriter
  readonly place: Placement
  readonly firstAdded: number
  usesAdded: boolean
}

function writeInstruction(writer: BodyWriter, { code, index }: Instruction, raw: Uint8Array): void {
  const { place } = writer
  if (code === op.call || code === op.returnCall || code === op.refFunc) {
    writer.code.byte(code).u32(moved(index, place))
  } else if (code === op.loop) {
    writer.code.raw(raw)
    writeTurn(writer)
  } else if (code === op.memorySize || code === op.memoryGrow) {
    writer.code.byte(op.call).u32(code === op.memorySize ? place.size : place.grow)
  } else if (code === op.tableGrow) {
    writeTableGrow(writer.code, place, index)
    writer.code.raw(raw)
  } else if (place.tracksStores && storedIn[code] !== undefined) {
    writeStore(writer, { raw, offset: index, value: storedIn[code] })
  } else if (
    place.tracksStores &&
    (code === op.memoryFill || code === op.memoryCopy || code === op.memoryInit)
  ) {
    writeBulk(writer, raw)
  } else writer.code.raw(raw)
}

/** Counts a turn of a loop, and looks at the flag when it is time. */
function writeTurn(writer: BodyWriter): void {
  const { code, place, firstAdded } = writer
  writer.usesAdded = true
  const turns = firstAdded + local.turns
  code.byte(0x20).u32(turns).byte(0x41, 1, 0x6a, 0x22).u32(turns)
  code
    .byte(0x41)
    .s32(turnsPerLook - 1)
    .byte(0x71, 0x45, op.if, 0x40)
  writeCheck(code, place)
  code.byte(op.end)
}

/** Looks at the flag that the watchdog sets. */
function writeCheck(code: CoreWriter, place: Placement): void {
  code.byte(0x41, 0, 0xfe, 0x10, 0x42).u32(place.flag).u32(0)
  code
    .byte(op.if, 0x40, op.call)
    .u32(place.firstHelper + helper.poll)
    .byte(op.end)
}

/** The host may put another number in place of how many elements are wanted: one that no table can grow by. */
function writeTableGrow(code: CoreWriter, place: Placement, table: number): void {
  code.byte(0xfc, op.tableSize & 0xff).u32(table)
  code.byte(0x41).s32((place.tableMaxima[table] ?? -1) | 0)
  code.byte(op.call).u32(place.tables)
}

/** A store, and then a mark on the page that it began in. */
function writeStore(
  writer: BodyWriter,
  { raw, offset, value }: { readonly raw: Uint8Array; readonly offset: number; readonly value: number },
): void {
  const { code, place, firstAdded } = writer
  writer.usesAdded = true
  const address = firstAdded + local.address
  code.byte(0x21).u32(firstAdded + value)
  code.byte(0x22).u32(address)
  code
    .byte(0x20)
    .u32(firstAdded + value)
    .raw(raw)
  code.byte(0x20).u32(address)
  if (offset !== 0) code.byte(0x41).s32(offset).byte(0x6a)
  // Mostly it is the page that this function marked last: comparing costs less than marking it again.
  const page = firstAdded + local.page
  const marked = firstAdded + local.marked
  code.byte(0x41, dirtyPageBits, 0x76, 0x22).u32(page)
  code.byte(0x20).u32(marked).byte(0x47, op.if, 0x40)
  code.byte(0x20).u32(page).byte(0x22).u32(marked).byte(0x41, 1)
  code.byte(0x3a, 0x40).u32(place.dirty).u32(0).byte(op.end)
}

/**
 * Marks on the pages that a `memory.fill`, `memory.copy` or `memory.init` is about to write, and then the instruction: the
 * call may find no room on the stack, and then nothing must have been written.
 */
function writeBulk(writer: BodyWriter, raw: Uint8Array): void {
  const { code, place, firstAdded } = writer
  writer.usesAdded = true
  const [address, second, length] = [local.address, local.second, local.i32].map(
    (one) => firstAdded + one,
  ) as [number, number, number]
  code.byte(0x21).u32(length).byte(0x21).u32(second).byte(0x22).u32(address)
  code.byte(0x20).u32(length)
  code.byte(op.call).u32(place.firstHelper + helper.mark)
  code.byte(0x20).u32(address).byte(0x20).u32(second).byte(0x20).u32(length).raw(raw)
}
