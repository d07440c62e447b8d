import type { BinaryReader } from './binary-reader.ts'

type Operand = 'index' | 'byte' | 'options' | 'type' | 'result'

// Canonical built-ins by code, with what follows the code. Only `lift` defines something that WIT can see; the others
// are read to get past them.
const builtins: Readonly<Record<number, readonly Operand[]>> = {
  2: ['index'],
  3: ['index'],
  4: ['index'],
  5: [],
  6: ['byte'],
  7: ['index'],
  8: [],
  9: ['result', 'options'],
  10: ['type', 'index'],
  11: ['type', 'index'],
  12: ['byte'],
  13: [],
  14: ['index'],
  15: ['index', 'options'],
  16: ['index', 'options'],
  17: ['index', 'byte'],
  18: ['index', 'byte'],
  19: ['index'],
  20: ['index'],
  21: ['index'],
  22: ['index', 'options'],
  23: ['index', 'options'],
  24: ['index', 'byte'],
  25: ['index', 'byte'],
  26: ['index'],
  27: ['index'],
  28: ['options'],
  29: ['options'],
  30: [],
  31: [],
  32: ['byte', 'index'],
  33: ['byte', 'index'],
  34: [],
  35: [],
  36: [],
  37: [],
  38: [],
  39: ['index', 'index'],
  40: ['byte'],
  41: ['byte'],
  42: [],
  43: ['byte'],
  64: ['byte', 'index'],
  65: ['byte', 'index', 'index'],
  66: ['byte'],
}

/** Reads one entry of a canon section; the index of the function type when it lifts a function, else undefined. */
export function readCanon(reader: BinaryReader): number | undefined {
  const code = reader.byte()
  if (code === 0 || code === 1) {
    reader.byte()
    reader.u32()
    readOptions(reader)
    return code === 0 ? reader.u32() : undefined
  }
  const operands = builtins[code]
  if (!operands) throw reader.unexpected('a canonical built-in', `code 0x${code.toString(16)}`)
  for (const operand of operands) readOperand(reader, operand)
  return undefined
}

function readOperand(reader: BinaryReader, operand: Operand): void {
  if (operand === 'index') reader.u32()
  else if (operand === 'byte') reader.byte()
  else if (operand === 'type') reader.s33()
  else if (operand === 'options') readOptions(reader)
  else if (reader.byte() === 0) reader.s33()
  else reader.u32()
}

function readOptions(reader: BinaryReader): void {
  reader.list(() => {
    const option = reader.byte()
    const hasIndex = option === 3 || option === 4 || option === 5 || option === 7 || option === 8
    if (hasIndex) reader.u32()
    else if (option > 9) throw reader.unexpected('a canonical option', `code ${option}`)
  })
}
