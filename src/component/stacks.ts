import type { CoreValue } from './abi.ts'
import { jspi } from './jspi.ts'
import { type CoreSignature, type StackImports, stackModule } from './stack-module.ts'

/** Stacks of one type of function that are kept for the next call. */
const mostIdle = 256
/** Those that were not needed for so long are let go. */
const idleMs = 10_000

/** A call of a guest's function on a stack where it can wait. */
export interface StackCall {
  readonly fn: unknown
  readonly args: readonly CoreValue[]
  /** Called on the stack right before the function; what it throws ends the call. */
  readonly enter: () => void
}

/** Runs guests' functions of one type. */
export type RunOnStack = (call: StackCall) => Promise<CoreValue | undefined>

/**
 * The stacks on which the guests of one thread run. They last: a stack that was made for one call takes the next one, of
 * whichever guest. The engine keeps four stacks for a thread; when more are suspended at once, each call by
 * `WebAssembly.promising` maps and unmaps one, which takes ten times as long as the call itself.
 */
export class Stacks {
  readonly #byType = new Map<string, StackPool>()

  /** Runs functions of this type; a function of another type is refused when it is called. */
  of(signature: CoreSignature): RunOnStack {
    const key = `${signature.params} ${signature.result}`
    const pool = this.#byType.get(key) ?? new StackPool(signature)
    this.#byType.set(key, pool)
    return pool.run
  }

  /** Stacks that are kept for the next calls. */
  get idle(): number {
    return [...this.#byType.values()].reduce((sum, { idle }) => sum + idle, 0)
  }
}

/** A call that runs on a stack, or none while it is idle. */
interface Stack {
  call: PendingCall | undefined
  /** Ends its sleep: 1 to run a call, 0 to end. */
  wake: (next: 0 | 1) => void
}

interface PendingCall extends StackCall {
  readonly resolve: (result: CoreValue | undefined) => void
  readonly reject: (reason: unknown) => void
}

class StackPool {
  readonly #start: (stack: Stack) => Promise<unknown>
  /** The one that was used last is the last one. */
  readonly #idle: Stack[] = []
  /** How many were idle all the time since the last look. */
  #spare = 0
  #trim: NodeJS.Timeout | undefined

  constructor(signature: CoreSignature) {
    const host: StackImports<Stack> = {
      fn: ({ call }) => {
        call?.enter()
        return call?.fn
      },
      arg: ({ call }, number) => call?.args[number],
      give: (stack, result) => this.#ended(stack, result),
      next: new jspi.Suspending((stack: Stack) => {
        return new Promise<number>((wake) => {
          stack.wake = wake
        })
      }),
    }
    const module = new WebAssembly.Module(stackModule(signature) as BufferSource)
    const { exports } = new WebAssembly.Instance(module, {
      host: host as unknown as WebAssembly.ModuleImports,
    })
    this.#start = jspi.promising(exports['run']) as (stack: Stack) => Promise<unknown>
  }

  get idle(): number {
    return this.#idle.length
  }

  readonly run: RunOnStack = ({ fn, args, enter }) =>
    new Promise((resolve, reject) => {
      const call = { fn, args, enter, resolve, reject }
      const stack = this.#idle.pop()
      if (!stack) return this.#make(call)
      this.#spare = Math.min(this.#spare, this.#idle.length)
      stack.call = call
      stack.wake(1)
    })

  #make(call: PendingCall): void {
    const stack: Stack = { call, wake: () => {} }
    // A trap takes the stack with it.
    this.#start(stack).catch((reason) => stack.call?.reject(reason))
  }

  #ended(stack: Stack, result: CoreValue | undefined): number {
    stack.call?.resolve(result)
    stack.call = undefined
    if (this.#idle.length >= mostIdle) return 0
    this.#idle.push(stack)
    this.#trim ??= setTimeout(() => this.#letGo(), idleMs).unref()
    return 1
  }

  #letGo(): void {
    for (const stack of this.#idle.splice(0, this.#spare)) stack.wake(0)
    this.#spare = this.#idle.length
    this.#trim = this.#spare > 0 ? setTimeout(() => this.#letGo(), idleMs).unref() : undefined
  }
}
