import { BinaryReader } from '../wit/binary-reader.ts'
import { type CoreSection, coreSection } from './core-module.ts'
import { type DwarfSections, readFiles5, readFilesBefore5 } from './dwarf-files.ts'
import { DwarfReader } from './dwarf-reader.ts'

/** From `address` on, an offset in the content of the code section, stands the code of that place; line 0 is the end. */
export interface LineRow {
  readonly address: number
  readonly file: string
  readonly line: number
  readonly column: number
}

/** More would fill memory, and a module that large is no guest for a service. */
const mostRows = 2_000_000

/** The line tables of a core module (`.debug_line`, https://dwarfstd.org), by address; empty without, or when they are broken. */
export function readLineRows(bytes: Uint8Array, sections: readonly CoreSection[]): LineRow[] {
  const line = customSection('.debug_line', bytes, sections)
  if (!line) return []
  const lineText = customSection('.debug_line_str', bytes, sections)
  const text = customSection('.debug_str', bytes, sections)
  const rows: LineRow[] = []
  try {
    const reader = new DwarfReader(line)
    while (!reader.done) readUnit(reader.part(reader.u32()), { line, lineText, text }, rows)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return rows.sort((a, b) => a.address - b.address)
}

function customSection(
  name: string,
  bytes: Uint8Array,
  sections: readonly CoreSection[],
): DataView | undefined {
  for (const { id, start, end } of sections) {
    if (id !== coreSection.custom) continue
    const reader = new BinaryReader(bytes, start, end)
    if (reader.name() === name)
      return new DataView(bytes.buffer, bytes.byteOffset + reader.offset, end - reader.offset)
  }
  return undefined
}

interface Header {
  readonly files: readonly (string | undefined)[]
  readonly minLength: number
  readonly lineBase: number
  readonly lineRange: number
  readonly opcodeBase: number
  /** Operands of the opcodes below `opcodeBase`, by opcode. */
  readonly operands: readonly number[]
}

/** The line table of one compilation unit. */
function readUnit(reader: DwarfReader, sections: DwarfSections, rows: LineRow[]): void {
  const version = reader.u16()
  if (version < 2 || version > 5) return
  if (version === 5) reader.skip(2)
  const headerLength = reader.u32()
  const programStart = reader.offset + headerLength
  const minLength = reader.u8()
  if (version >= 4) reader.u8()
  reader.u8()
  const lineBase = reader.s8()
  const lineRange = reader.u8()
  const opcodeBase = reader.u8()
  const operands = [0, ...Array.from({ length: Math.max(0, opcodeBase - 1) }, () => reader.u8())]
  const files = version === 5 ? readFiles5(reader, sections) : readFilesBefore5(reader)
  if (lineRange === 0) return
  reader.skip(programStart - reader.offset)
  runProgram(reader, { files, minLength, lineBase, lineRange, opcodeBase, operands }, rows)
}

/** The state of a line table's program (DWARF 5, section 6.2.2). */
interface Registers {
  address: number
  file: number
  line: number
  column: number
  /** The sequence describes code that the linker left out. */
  isDead: boolean
}

const initial = (): Registers => ({ address: 0, file: 1, line: 1, column: 0, isDead: true })

const standard = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  constAddPc: 8,
  fixedAdvancePc: 9,
} as const
const extended = { endSequence: 1, setAddress: 2 } as const
/** What linkers write as the address of code that they left out; 0 is where no function can begin. */
const firstTombstone = 0xffff_fffe

function runProgram(reader: DwarfReader, header: Header, rows: LineRow[]): void {
  const { files, minLength, lineBase, lineRange, opcodeBase, operands } = header
  let state = initial()
  const push = (line: number) => {
    if (state.isDead || rows.length >= mostRows) return
    rows.push({ address: state.address, file: files[state.file] ?? '', line, column: state.column })
  }
  // Line 0 is what a compiler made of its own: a person is better served with the line before it.
  const emit = () => state.line > 0 && push(state.line)
  while (!reader.done) {
    const opcode = reader.u8()
    if (opcode >= opcodeBase) {
      const step = opcode - opcodeBase
      state.address += Math.floor(step / lineRange) * minLength
      state.line += lineBase + (step % lineRange)
      emit()
    } else if (opcode === 0) {
      const part = reader.part(reader.uleb())
      const code = part.u8()
      if (code === extended.endSequence) {
        push(0)
        state = initial()
      } else if (code === extended.setAddress) {
        state.address = part.u32()
        state.isDead = state.address === 0 || state.address >= firstTombstone
      }
    } else if (opcode === standard.copy) emit()
    else if (opcode === standard.advancePc) state.address += reader.uleb() * minLength
    else if (opcode === standard.advanceLine) state.line += reader.sleb()
    else if (opcode === standard.setFile) state.file = reader.uleb()
    else if (opcode === standard.setColumn) state.column = reader.uleb()
    else if (opcode === standard.constAddPc)
      state.address += Math.floor((255 - opcodeBase) / lineRange) * minLength
    else if (opcode === standard.fixedAdvancePc) state.address += reader.u16()
    else for (let operand = 0; operand < (operands[opcode] ?? 0); operand++) reader.uleb()
  }
}
