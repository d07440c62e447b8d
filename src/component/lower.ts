import type { CoreValue } from './abi.ts'
import { Borrows } from './borrows.ts'
import { hostFunction } from './host-function.ts'
import type { Instance } from './instance.ts'
import type { Leave } from './later.ts'
import { mostFlatParams } from './lift.ts'
import type { Canon } from './program.ts'
import { Subtask, subtaskState } from './subtask.ts'

export type CoreFunction = (...flat: CoreValue[]) => unknown
type Lower = Extract<Canon, { readonly do: 'lower' }>

/** Parameters of an asynchronous call that go as core values. */
const mostFlatAsyncParams = 4

/**
 * The core function by which a guest calls an import, or another instance of its composed component. What a guest has to
 * wait for it gives by `leave`.
 */
export function loweredFunction(instance: Instance, canon: Lower, leave: Leave): CoreFunction {
  // Most of what a guest imports it does not call before its instance is gone.
  let made: Parts | undefined
  const parts = () => {
    made ??= { callee: calleeOf(instance, canon), passing: passingOf(instance, canon) }
    return made
  }
  if (canon.options.async) return asyncCall(instance, canon, parts)
  return syncCall(instance, parts, canon.mayWait ? leave : undefined)
}

/** What a call needs, made when it is first called. */
interface Parts {
  readonly callee: Callee
  readonly passing: Passing
}

interface Callee {
  readonly name: string
  /** Gives the plain result value, or throws what is no value of it. */
  readonly call: (args: readonly unknown[], borrows: Borrows | undefined) => unknown
  /** It is another component instance, which is lent what it borrows. */
  readonly isGuest: boolean
  /** The plain value of a thrown error; throws on what has none. */
  readonly errorValue: (error: unknown) => unknown
  readonly value: (given: unknown) => unknown
}

function calleeOf(instance: Instance, canon: Lower): Callee {
  const { func } = canon
  const { givesResult, name } = instance.program.signature(canon)
  if (func.from === 'lift') {
    return {
      name,
      call: (args, borrows = new Borrows()) => instance.callWithin(func.canon, args, borrows),
      isGuest: true,
      errorValue: (error) => {
        throw error
      },
      value: (given) => given,
    }
  }
  const host = hostFunction(instance.imports, func.interface, func.name)
  return {
    name,
    call: (args) => host(...args),
    isGuest: false,
    errorValue(error) {
      if (!givesResult || !hasPayload(error)) throw error
      return { tag: 'err', val: error.payload }
    },
    value: givesResult ? (val) => ({ tag: 'ok', val }) : (given) => given,
  }
}

/** How parameters and result go between core values, memory and plain values. */
interface Passing {
  readonly args: (flat: readonly CoreValue[], borrows: Borrows | undefined) => readonly unknown[]
  /** Where the guest wants a result that does not go as a core value. */
  readonly pointer: (flat: readonly CoreValue[]) => number
  readonly give: (value: unknown, pointer: number) => CoreValue | undefined
}

function passingOf(instance: Instance, canon: Lower): Passing {
  const { params, result } = instance.program.signature(canon)
  const cx = instance.contextOf(canon)
  const most = canon.options.async ? mostFlatAsyncParams : mostFlatParams
  const resultInMemory = result !== undefined && (canon.options.async || result.flat.length > 1)
  const read =
    params.flat.length > most
      ? (flat: readonly CoreValue[]) =>
          params.load(cx, cx.range(Number(flat[0]) >>> 0, params.size, params.align)) as unknown[]
      : (flat: readonly CoreValue[]) => params.lift(cx, { values: flat, at: 0 }) as unknown[]
  return {
    args(flat, borrows) {
      cx.borrows = borrows
      return read(flat)
    },
    pointer: (flat) => (resultInMemory ? Number(flat[flat.length - 1]) >>> 0 : 0),
    give(value, pointer) {
      if (!result) return undefined
      if (resultInMemory) {
        const at = cx.range(pointer, result.size, result.align)
        cx.touched(at, result.size)
        result.store(cx, at, value)
        return undefined
      }
      const flat: CoreValue[] = []
      result.lower(cx, value, flat)
      return flat[0]
    },
  }
}

/** Without `leave` nothing can wait: a promise is the value itself. */
function syncCall(instance: Instance, parts: () => Parts, leave: Leave | undefined): CoreFunction {
  return (...flat) => {
    const {
      callee,
      passing: { args, pointer, give },
    } = parts()
    instance.checkCall(callee.name)
    const task = instance.current
    const at = pointer(flat)
    const borrows = callee.isGuest ? new Borrows() : undefined
    let value: unknown
    try {
      value = callee.call(args(flat, borrows), borrows)
    } catch (error) {
      return give(callee.errorValue(error), at)
    }
    if (!leave || !(value instanceof Promise)) {
      borrows?.end()
      return give(callee.value(value), at)
    }
    if (!instance.maySuspend) {
      // Nobody will ever look at how it ends.
      value.catch(() => {})
      instance.checkMaySuspend(callee.name)
    }
    return leave(
      value.then(
        (settled) => {
          borrows?.end()
          instance.enter(task)
          return give(callee.value(settled), at)
        },
        (error) => {
          instance.enter(task)
          return give(callee.errorValue(error), at)
        },
      ),
    )
  }
}

function asyncCall(instance: Instance, canon: Lower, parts: () => Parts): CoreFunction {
  const handles = instance.handles(canon.instance)
  return (...flat) => {
    const {
      callee,
      passing: { args, pointer, give },
    } = parts()
    instance.checkCall(callee.name)
    const task = instance.current
    const at = pointer(flat)
    const borrows = callee.isGuest ? new Borrows() : undefined
    let value: unknown
    try {
      value = callee.call(args(flat, borrows), borrows)
    } catch (error) {
      give(callee.errorValue(error), at)
      return subtaskState.returned
    }
    if (!(value instanceof Promise)) {
      borrows?.end()
      give(callee.value(value), at)
      return subtaskState.returned
    }
    const subtask = new Subtask()
    const settle = (plain: () => unknown) => {
      borrows?.end()
      if (subtask.isResolved) return
      try {
        give(plain(), at)
        subtask.returned()
      } catch (error) {
        task?.fail(error)
      }
    }
    value.then(
      (settled) => settle(() => callee.value(settled)),
      (error) => settle(() => callee.errorValue(error)),
    )
    return subtask.named(handles.add(subtask))
  }
}

function hasPayload(error: unknown): error is { readonly payload: unknown } {
  return typeof error === 'object' && error !== null && Object.hasOwn(error, 'payload')
}
