import type { BinaryReader } from '../wit/binary-reader.ts'
import { readValueType } from '../wit/decode-type.ts'
import type { WitType } from '../wit/type.ts'
import type { Canon, CanonOptions, CoreItem } from './program.ts'
import type { ProgramBuilder } from './program-builder.ts'
import type { Space } from './space.ts'

/** Where a canonical definition stands. */
export interface CanonPlace {
  readonly space: Space
  readonly builder: ProgramBuilder
  /** The component instance it belongs to. */
  readonly instance: number
}

type Operands =
  | 'none'
  | 'type'
  | 'type options'
  | 'type async'
  | 'async'
  | 'async memory'
  | 'context'
  | 'result options'

// Codes of the binary format (Binary.md, `canon`), with what follows them.
const builtins: Readonly<Record<number, readonly [string, Operands]>> = {
  5: ['task.cancel', 'none'],
  6: ['subtask.cancel', 'async'],
  9: ['task.return', 'result options'],
  10: ['context.get', 'context'],
  11: ['context.set', 'context'],
  12: ['thread.yield', 'async'],
  13: ['subtask.drop', 'none'],
  14: ['stream.new', 'type'],
  15: ['stream.read', 'type options'],
  16: ['stream.write', 'type options'],
  17: ['stream.cancel-read', 'type async'],
  18: ['stream.cancel-write', 'type async'],
  19: ['stream.drop-readable', 'type'],
  20: ['stream.drop-writable', 'type'],
  21: ['future.new', 'type'],
  22: ['future.read', 'type options'],
  23: ['future.write', 'type options'],
  24: ['future.cancel-read', 'type async'],
  25: ['future.cancel-write', 'type async'],
  26: ['future.drop-readable', 'type'],
  27: ['future.drop-writable', 'type'],
  31: ['waitable-set.new', 'none'],
  32: ['waitable-set.wait', 'async memory'],
  33: ['waitable-set.poll', 'async memory'],
  34: ['waitable-set.drop', 'none'],
  35: ['waitable.join', 'none'],
  36: ['backpressure.inc', 'none'],
  37: ['backpressure.dec', 'none'],
}

const resourceBuiltins: Readonly<Record<number, 'resource.new' | 'resource.drop' | 'resource.rep'>> = {
  2: 'resource.new',
  3: 'resource.drop',
  4: 'resource.rep',
  7: 'resource.drop',
}

/** Reads one entry of a canon section; what it defines gets the next index of its sort. */
export function readCanonDefinition(reader: BinaryReader, place: CanonPlace): void {
  const { space, builder, instance } = place
  const code = reader.byte()
  if (code === 0x00) {
    reader.byte()
    const func = space.coreFunc(reader.u32())
    const options = readOptions(reader, space)
    const type = space.scope.type(reader.u32())
    if (type.kind !== 'func') throw reader.unexpected('a function type', `a ${type.kind}`)
    const canon = builder.canon({ do: 'lift', instance, func, options, type: type.type, name: 'a function' })
    space.addFunc({ from: 'lift', canon })
    return
  }
  const canon = builder.canon(readCoreDefinition(code, reader, place))
  space.addCore(0, { canon })
}

function readCoreDefinition(
  code: number,
  reader: BinaryReader,
  { space, builder, instance }: CanonPlace,
): Canon {
  if (code === 0x01) {
    reader.byte()
    const func = space.func(reader.u32())
    const options = readOptions(reader, space)
    return { do: 'lower', instance, func, options, mayWait: builder.mayWait(func) }
  }
  const resource = resourceBuiltins[code]
  if (resource) return { do: resource, instance, resource: space.resource(reader.u32()) }
  const [builtin, operands] = builtins[code] ?? []
  if (!builtin || !operands) throw reader.unexpected('a canonical built-in', `code 0x${code.toString(16)}`)
  return { do: 'builtin', builtin, instance, ...readOperands(operands, reader, space) }
}

function readOperands(
  operands: Operands,
  reader: BinaryReader,
  space: Space,
): { type?: WitType; options?: CanonOptions; memory?: CoreItem; index?: number; async?: boolean } {
  switch (operands) {
    case 'none':
      return {}
    case 'type':
      return { type: streamType(reader, space) }
    case 'type options':
      return { type: streamType(reader, space), options: readOptions(reader, space) }
    case 'type async':
      return { type: streamType(reader, space), async: reader.byte() === 1 }
    case 'async':
      return { async: reader.byte() === 1 }
    case 'async memory':
      return { async: reader.byte() === 1, memory: space.coreMemory(reader.u32()) }
    case 'context':
      reader.s33()
      return { index: reader.u32() }
    case 'result options': {
      const hasResult = reader.byte() === 0
      const type = hasResult ? readValueType(reader, space.scope) : undefined
      if (!hasResult) reader.u32()
      return { ...(type && { type }), options: readOptions(reader, space) }
    }
  }
}

function streamType(reader: BinaryReader, space: Space): WitType {
  const type = space.scope.type(reader.u32())
  if (type.kind === 'value' && (type.type.kind === 'stream' || type.type.kind === 'future')) return type.type
  throw reader.unexpected('a stream or future', `a ${type.kind}`)
}

function readOptions(reader: BinaryReader, space: Space): CanonOptions {
  let options: CanonOptions = { encoding: 'utf8', async: false }
  reader.list(() => {
    const code = reader.byte()
    if (code === 0) options = { ...options, encoding: 'utf8' }
    else if (code === 1) options = { ...options, encoding: 'utf16' }
    else if (code === 2) options = { ...options, encoding: 'latin1+utf16' }
    else if (code === 3) options = { ...options, memory: space.coreMemory(reader.u32()) }
    else if (code === 4) options = { ...options, realloc: space.coreFunc(reader.u32()) }
    else if (code === 5) options = { ...options, postReturn: space.coreFunc(reader.u32()) }
    else if (code === 6) options = { ...options, async: true }
    else if (code === 7) options = { ...options, callback: space.coreFunc(reader.u32()) }
    else throw reader.unexpected('a canonical option', `code ${code}`)
  })
  return options
}
