import type { BinaryReader } from '../wit/binary-reader.ts'

/** One instruction of a function body or constant expression; the reader stands behind it. */
export interface Instruction {
  /** The opcode; for those with a prefix `prefix << 8 | number` (numbers below 256) . */
  readonly code: number
  /** The first index among its immediates: of a function, a memory argument's offset … */
  readonly index: number
  /** Where it starts. */
  readonly start: number
}

export const op = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  end: 0x0b,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  callRef: 0x14,
  returnCallRef: 0x15,
  delegate: 0x18,
  tryTable: 0x1f,
  tableSet: 0x26,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  refFunc: 0xd2,
  memoryInit: 0xfc08,
  dataDrop: 0xfc09,
  memoryCopy: 0xfc0a,
  memoryFill: 0xfc0b,
  tableInit: 0xfc0c,
  elemDrop: 0xfc0d,
  tableCopy: 0xfc0e,
  tableGrow: 0xfc0f,
  tableSize: 0xfc10,
  tableFill: 0xfc11,
  v128Store: 0xfd0b,
} as const

const isLoadOrStore = (code: number) => code >= 0x28 && code <= 0x3e
/** SIMD instructions with a memory argument, without and with a lane behind it. */
const isSimdMemory = (number: number) => number <= 11 || number === 92 || number === 93
const isSimdLaneMemory = (number: number) => number >= 84 && number <= 91
const isSimdLane = (number: number) => number >= 21 && number <= 34

/** Reads the next instruction. Throws on what it does not know (garbage collection, stack switching). */
export function readInstruction(reader: BinaryReader): Instruction {
  const start = reader.offset
  const code = reader.byte()
  if (code === 0xfc || code === 0xfd || code === 0xfe) return readPrefixed(code, start, reader)
  return { code, start, index: readImmediates(code, reader) }
}

function readImmediates(code: number, reader: BinaryReader): number {
  switch (code) {
    case op.block:
    case op.loop:
    case op.if:
    case op.try:
      reader.s33()
      return 0
    case op.tryTable:
      reader.s33()
      reader.list(() => {
        if (reader.byte() < 2) reader.u32()
        reader.u32()
      })
      return 0
    // br, br_if, catch, throw, rethrow, delegate, call, return_call, call_ref, locals, globals, tables, br_on_null …
    case 0x07:
    case 0x08:
    case 0x09:
    case 0x0c:
    case 0x0d:
    case op.call:
    case op.returnCall:
    case op.callRef:
    case op.returnCallRef:
    case op.delegate:
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
    case 0x24:
    case 0x25:
    case op.tableSet:
    case op.refFunc:
    case 0xd5:
    case 0xd6:
      return reader.u32()
    case 0x0e:
      reader.list(() => reader.u32())
      return reader.u32()
    case op.callIndirect:
    case op.returnCallIndirect:
      reader.u32()
      return reader.u32()
    case 0x1c:
      reader.list(() => reader.s33())
      return 0
    case op.memorySize:
    case op.memoryGrow:
      return reader.u32()
    case 0x41:
      skipLeb(reader)
      return 0
    case 0x42:
      skipLeb(reader)
      return 0
    case 0x43:
      reader.section(4)
      return 0
    case 0x44:
      reader.section(8)
      return 0
    case 0xd0:
      reader.s33()
      return 0
    default:
      if (isLoadOrStore(code)) return readMemoryArgument(reader)
      if (code <= 0x1b || (code >= 0x45 && code <= 0xc4) || code === 0xd1 || code === 0xd3 || code === 0xd4)
        return 0
      throw reader.unexpected('an instruction that can be rewritten', `0x${code.toString(16)}`)
  }
}

function readPrefixed(prefix: number, start: number, reader: BinaryReader): Instruction {
  const number = reader.u32()
  if (number > 0xff && prefix !== 0xfd) throw reader.unexpected('a known instruction', `${prefix} ${number}`)
  const code = (prefix << 8) | Math.min(number, 0xff)
  if (prefix === 0xfd) {
    if (isSimdMemory(number)) return { code, start, index: readMemoryArgument(reader) }
    if (isSimdLaneMemory(number)) {
      const index = readMemoryArgument(reader)
      reader.byte()
      return { code, start, index }
    }
    if (number === 12 || number === 13) reader.section(16)
    else if (isSimdLane(number)) reader.byte()
    return { code, start, index: 0 }
  }
  if (prefix === 0xfe) throw reader.unexpected('no atomic instruction', `number ${number}`)
  switch (code) {
    case op.memoryInit:
    case op.memoryCopy:
    case op.tableInit:
    case op.tableCopy:
      reader.u32()
      return { code, start, index: reader.u32() }
    case op.dataDrop:
    case op.memoryFill:
    case op.elemDrop:
    case op.tableGrow:
    case op.tableSize:
    case op.tableFill:
      return { code, start, index: reader.u32() }
    default:
      if (number > 7) throw reader.unexpected('a known instruction', `0xfc ${number}`)
      return { code, start, index: 0 }
  }
}

/** Gives the offset. A memory argument that names another memory than the first is not rewritten. */
function readMemoryArgument(reader: BinaryReader): number {
  const align = reader.u32()
  if (align >= 64) throw reader.unexpected('a memory argument of the first memory', 'another memory')
  return reader.u32()
}

function skipLeb(reader: BinaryReader): void {
  while (reader.byte() >= 0x80);
}
