import type { CoreType } from './abi.ts'
import { op } from './core-instructions.ts'
import { coreSection } from './core-module.ts'
import { CoreWriter } from './core-writer.ts'
import { addedName } from './instrument-placement.ts'

/** Parameters and result of a core function. */
export interface CoreSignature {
  readonly params: readonly CoreType[]
  readonly result?: CoreType | undefined
}

/** What the module imports, from `host`. Each is given the stack's object first. */
export interface StackImports<Stack> {
  /** The function to call. */
  readonly fn: (stack: Stack) => unknown
  /** Its argument of this number. */
  readonly arg: (stack: Stack, number: number) => unknown
  /** Takes its result; 1 for a stack that is kept, 0 for one that ends. */
  readonly give: (stack: Stack, result?: never) => number
  /** Suspending; gives 1 when there is a function to call again, 0 for a stack that ends. */
  readonly next: object
}

const code = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c } as const
const externref = 0x6f
const nullableRef = 0x63
const type = { called: 0, fn: 1, give: 2, next: 3, run: 4, firstArg: 5 } as const
const imported = { fn: 0, give: 1, next: 2, firstArg: 3 } as const

/**
 * A core module whose `run` calls functions of one type, one after the other, and waits in between: a stack that lasts. The
 * functions are called from here, not from JavaScript, so that they can suspend the stack.
 */
export function stackModule(signature: CoreSignature): Uint8Array {
  const argTypes = [...new Set(signature.params)]
  const run = imported.firstArg + argTypes.length
  return new CoreWriter()
    .byte(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
    .section(coreSection.type, types(signature, argTypes))
    .section(coreSection.import, imports(argTypes))
    .section(coreSection.function, new CoreWriter().u32(1).u32(type.run))
    .section(coreSection.export, new CoreWriter().u32(1).name('run').byte(0).u32(run))
    .section(coreSection.code, bodies(signature, argTypes))
    .section(coreSection.custom, names(run))
    .bytes.slice()
}

function types({ params, result }: CoreSignature, argTypes: readonly CoreType[]): CoreWriter {
  const results = result ? [code[result]] : []
  const all: readonly (readonly [readonly number[], readonly (readonly number[])[]])[] = [
    [params.map((one) => code[one]), results.map((one) => [one])],
    [[externref], [[nullableRef, type.called]]],
    [[externref, ...results], [[code.i32]]],
    [[externref], [[code.i32]]],
    [[externref], []],
    ...argTypes.map((one) => [[externref, code.i32], [[code[one]]]] as const),
  ]
  const writer = new CoreWriter().u32(all.length)
  for (const [from, to] of all) {
    writer
      .byte(0x60)
      .u32(from.length)
      .byte(...from)
      .u32(to.length)
    for (const one of to) writer.byte(...one)
  }
  return writer
}

function imports(argTypes: readonly CoreType[]): CoreWriter {
  const writer = new CoreWriter().u32(imported.firstArg + argTypes.length)
  const add = (name: string, index: number) => writer.name('host').name(name).byte(0).u32(index)
  add('fn', type.fn)
  add('give', type.give)
  add('next', type.next)
  argTypes.forEach((_, number) => {
    add('arg', type.firstArg + number)
  })
  return writer
}

/** `do { if (!give(stack, fn(stack)(arg(stack, 0) …))) return } while (next(stack))` */
function bodies({ params }: CoreSignature, argTypes: readonly CoreType[]): CoreWriter {
  const stack = [0x20, 0] as const
  const body = new CoreWriter().u32(0).byte(op.loop, 0x40, ...stack)
  params.forEach((one, number) => {
    body.byte(...stack, 0x41).s32(number)
    body.byte(op.call).u32(imported.firstArg + argTypes.indexOf(one))
  })
  body.byte(...stack, op.call, imported.fn, op.callRef, type.called, op.call, imported.give)
  body.byte(op.if, 0x40, ...stack, op.call, imported.next, 0x0d, 1, op.end)
  body.byte(op.end, op.end)
  return new CoreWriter().u32(1).u32(body.length).raw(body.bytes)
}

/** By which traces of a guest's stack leave it out. */
function names(run: number): CoreWriter {
  return new CoreWriter()
    .name('name')
    .section(0, new CoreWriter().name(addedName))
    .section(1, new CoreWriter().u32(1).u32(run).name('run'))
}
