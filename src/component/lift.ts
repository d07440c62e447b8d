import type { AbiCodec, CoreValue } from './abi.ts'
import type { Instance } from './instance.ts'
import type { MemoryContext } from './memory-context.ts'
import type { Canon, CoreItem } from './program.ts'
import type { CoreSignature } from './stack-module.ts'
import { Task, type TaskOptions } from './task.ts'
import { noEvent, type WaitableEvent, WaitableSet } from './waitable.ts'

/** Parameters that go as core values; more go through memory. */
export const mostFlatParams = 16

/** A call of an exported function under way: with async functions the guest may go on after its result. */
export type RunningCall = Pick<Task, 'result' | 'exited'>

/** The host's side of an exported function. */
export interface Lifted {
  start(args: readonly unknown[], options: TaskOptions): RunningCall
  /** Runs it on the stack of whoever calls, where nothing can wait; gives its result. */
  runNow(args: readonly unknown[], options: TaskOptions): unknown
}

type Lift = Extract<Canon, { readonly do: 'lift' }>
/** Runs a core function of the guest as part of a task; it may wait. */
type Run = (task: Task, flat: readonly CoreValue[]) => Promise<CoreValue | undefined>

export function liftedFunction(instance: Instance, canon: Lift): Lifted {
  const run = runner(instance, canon.func, coreSignature(instance, canon))
  const body = canon.options.async ? asyncBody(instance, canon, run) : syncBody(instance, canon, run)
  const start = (args: readonly unknown[], options: TaskOptions) => {
    const task = new Task(canon.name, options)
    void instance.run(task, () => body(task, args))
    return task
  }
  return {
    start,
    runNow: (args, options) => runNow(instance, canon, { args, task: new Task(canon.name, options) }),
  }
}

function runner(instance: Instance, item: CoreItem, signature: CoreSignature): Run {
  const fn = instance.coreItem(item)
  const run = instance.pace.stacks.of(signature)
  return (task, args) => run({ fn, args, enter: () => instance.enter(task) })
}

/** The type that the core function of a lifted one has by the Canonical ABI. */
function coreSignature({ program }: Instance, canon: Lift): CoreSignature {
  const { params, result } = program.signature(canon)
  const flat = params.flat.length > mostFlatParams ? (['i32'] as const) : params.flat
  if (canon.options.async) return { params: flat, result: canon.options.callback && 'i32' }
  return { params: flat, result: result && (result.flat.length > 1 ? 'i32' : result.flat[0]) }
}

const callbackSignature: CoreSignature = { params: ['i32', 'i32', 'i32'], result: 'i32' }

function runNow(
  instance: Instance,
  canon: Lift,
  { args, task }: { readonly args: readonly unknown[]; readonly task: Task },
): unknown {
  if (canon.options.async)
    throw new WebAssembly.RuntimeError(`${canon.name} is asynchronous, and was called where nothing can wait`)
  const { params, result } = instance.program.signature(canon)
  const cx = instance.contextOf(canon)
  const { postReturn } = canon.options
  const run = instance.coreItem(canon.func) as (...flat: CoreValue[]) => CoreValue | undefined
  const caller = instance.current
  instance.current = task
  const given = run(...lowered(cx, params, { args, task }))
  const value = result && lifted(cx, result, given)
  task.resolve(value)
  if (postReturn) returnTo(instance, postReturn)(given)
  instance.current = caller
  return value
}

/** The guest's function that frees what it gave. */
function returnTo(instance: Instance, postReturn: CoreItem): (given: CoreValue | undefined) => void {
  const free = instance.quiet(instance.coreItem(postReturn) as (...flat: CoreValue[]) => void)
  return (given) => (given === undefined ? free() : free(given))
}

type Body = (task: Task, args: readonly unknown[]) => Promise<void>

function syncBody(instance: Instance, canon: Lift, run: Run): Body {
  const { params, result } = instance.program.signature(canon)
  const cx = instance.contextOf(canon)
  const { postReturn } = canon.options
  const afterReturn = postReturn && returnTo(instance, postReturn)
  return async (task, args) => {
    const given = await run(task, lowered(cx, params, { args, task }))
    task.resolve(result && lifted(cx, result, given))
    afterReturn?.(given)
  }
}

/** What the callback of an async function asks for, in the lowest bits of what it gives. */
const callbackCode = { exit: 0, yield: 1, wait: 2 }

function asyncBody(instance: Instance, canon: Lift, run: Run): Body {
  const { params } = instance.program.signature(canon)
  const cx = instance.contextOf(canon)
  const { callback } = canon.options
  const lock = instance.lock(canon.instance)
  const resume = callback && runner(instance, callback, callbackSignature)
  const whole = (task: Task) => {
    if (!task.isResolved) throw new WebAssembly.RuntimeError(`${canon.name} ended without a result`)
  }
  return async (task, args) => {
    // Without a callback the function waits on its own stack, others run meanwhile.
    if (!resume) {
      instance.enter(task)
      await run(task, lowered(cx, params, { args, task }))
      return whole(task)
    }
    for (let event: WaitableEvent | undefined; ; ) {
      const turn = lock.acquire()
      if (turn) await turn
      let asked: number
      try {
        instance.enter(task)
        asked = Number(await (event ? resume(task, event) : run(task, lowered(cx, params, { args, task }))))
      } finally {
        lock.release()
      }
      const code = asked & 0xf
      if (code === callbackCode.exit) return whole(task)
      event = await nextEvent(instance, canon, { task, code, set: asked >>> 4 })
    }
  }
}

function nextEvent(
  instance: Instance,
  canon: Lift,
  { task, code, set }: { readonly task: Task; readonly code: number; readonly set: number },
): Promise<WaitableEvent> {
  if (code === callbackCode.yield) return afterOthers(task)
  if (code !== callbackCode.wait)
    throw new WebAssembly.RuntimeError(`${canon.name} gave the unknown code ${code}`)
  const waitables = instance.handles(canon.instance).get(set)
  if (!(waitables instanceof WaitableSet))
    throw new WebAssembly.RuntimeError(`${canon.name} waits for ${set}, which is no waitable set`)
  return waitables.wait(task.life)
}

async function afterOthers(task: Task): Promise<WaitableEvent> {
  await new Promise((resolve) => setImmediate(resolve))
  task.life.throwIfOver()
  return noEvent
}

function lowered(
  cx: MemoryContext,
  params: AbiCodec,
  { args, task }: { readonly args: readonly unknown[]; readonly task: Task },
): CoreValue[] {
  cx.borrows = task.borrows
  if (params.flat.length > mostFlatParams) {
    const at = cx.allocate(params.size, params.align)
    params.store(cx, at, args)
    return [at]
  }
  const flat: CoreValue[] = []
  params.lower(cx, args, flat)
  return flat
}

function lifted(cx: MemoryContext, result: AbiCodec, given: CoreValue | undefined): unknown {
  if (result.flat.length > 1) return result.load(cx, cx.range(Number(given) >>> 0, result.size, result.align))
  return result.lift(cx, { values: given === undefined ? [] : [given], at: 0 })
}
