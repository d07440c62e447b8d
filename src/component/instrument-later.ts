import { op } from './core-instructions.ts'
import type { CoreImports } from './core-module.ts'
import type { CoreFunctionType } from './core-types.ts'
import { CoreWriter } from './core-writer.ts'
import type { Placement } from './instrument-placement.ts'
import { leftAt } from './pace-words.ts'
import type { MayWait } from './waiting-imports.ts'

/** An imported function that may have something to wait for. */
export interface WaitingImport {
  readonly index: number
  readonly type: number
  readonly params: number
  /** Its result's value type; undefined when it has none. */
  readonly result: number | undefined
}

const [i32, f64] = [-1, -4]
const externref = 0x6f

/**
 * The functions of a module's imports that may wait; none when one of them is of a type that is not rewritten: then all of
 * them suspend the guest's stack themselves.
 */
export function waitingFunctions(
  { functions }: CoreImports,
  types: readonly CoreFunctionType[] | undefined,
  mayWait: MayWait,
): readonly WaitingImport[] {
  const waiting: WaitingImport[] = []
  for (const [index, { module, name, type }] of functions.entries()) {
    if (!mayWait(module, name)) continue
    const { params, results } = types?.[type] ?? {}
    const result = results?.[0]
    const isPlain = result === undefined || (result <= i32 && result >= f64)
    if (!params || !results || results.length > 1 || !isPlain) return []
    waiting.push({ index, type, params: params.length, result })
  }
  return waiting
}

/** Result types of `later`, which is imported once for each. */
export function laterResults(waiting: readonly WaitingImport[]): readonly (number | undefined)[] {
  return [...new Set(waiting.map(({ result }) => result))]
}

/**
 * The body of a function that stands for an import: calls it, which mostly gives its result at once; where a promise was
 * left instead, calls `later`, which suspends the stack and gives what the promise comes to. The host is told right when the
 * stack goes on, not when the promise settles: of several that settle together, the last one's task would seem to run.
 */
export function laterWrapper({ index, params }: WaitingImport, later: number, place: Placement): CoreWriter {
  const task = params
  const code = new CoreWriter().u32(1).u32(1).byte(externref)
  for (let param = 0; param < params; param++) code.byte(0x20).u32(param)
  code.byte(op.call).u32(index)
  // if (left) { left = 0; task = waiting(); result = later(); resumed(task); return result }
  code.byte(0x41, 0, 0x28, 0x42).u32(place.flag).u32(leftAt).byte(op.if, 0x40)
  code.byte(0x41, 0, 0x41, 0, 0x36, 0x42).u32(place.flag).u32(leftAt)
  code.byte(op.call).u32(place.waiting).byte(0x21).u32(task)
  code.byte(op.call).u32(later)
  code.byte(0x20).u32(task).byte(op.call).u32(place.resumed)
  return code.byte(0x0f, op.end, op.end)
}
