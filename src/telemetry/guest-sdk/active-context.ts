import type { Context, ContextManager } from '@opentelemetry/api'

/** Where the API keeps the span of a context. */
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN')

/** An immutable set of values, as the API has it. */
export class GuestContext implements Context {
  readonly #values: ReadonlyMap<symbol, unknown>

  constructor(values: ReadonlyMap<symbol, unknown> = new Map()) {
    this.#values = values
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key)
  }

  setValue(key: symbol, value: unknown): Context {
    return new GuestContext(new Map([...this.#values, [key, value]]))
  }

  deleteValue(key: symbol): Context {
    return new GuestContext(new Map([...this.#values].filter(([other]) => other !== key)))
  }
}

export function contextWithSpan(context: Context, span: unknown): Context {
  return context.setValue(spanKey, span)
}

export function spanIn(context: Context): unknown {
  return context.getValue(spanKey)
}

/**
 * The context that is active. One that an async function was given stays active across its awaits, until it has ended: an
 * instance runs one invocation at a time. Of functions that run side by side within it, the one begun last counts.
 */
export class ActiveContext implements ContextManager {
  readonly #root = new GuestContext()
  readonly #entered: { readonly context: Context }[] = []

  active(): Context {
    return this.#entered.at(-1)?.context ?? this.#root
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const entry = { context }
    this.#entered.push(entry)
    const leave = () => {
      this.#entered.splice(this.#entered.indexOf(entry), 1)
    }
    let result: ReturnType<F>
    try {
      result = fn.call(thisArg as ThisParameterType<F>, ...args)
    } catch (error) {
      leave()
      throw error
    }
    if (isThenable(result)) result.then(leave, leave)
    else leave()
    return result
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target
    return ((...args: unknown[]) => this.with(context, () => target(...args))) as T
  }

  enable(): this {
    return this
  }

  disable(): this {
    this.#entered.length = 0
    return this
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
