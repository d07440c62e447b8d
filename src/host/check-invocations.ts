import type { Interceptor } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import type { PolicyCall, PolicyDecision } from '../lattice/policy.ts'

/** A decision of the policy service as it reaches a data thread. */
export interface InvocationDecision extends PolicyDecision {
  readonly call: PolicyCall
  /** False when the service could not be asked: the next call asks again. */
  readonly isFinal: boolean
}

/** The policy of calls on one data thread: asks the control thread once for each operation and remembers the answer. */
export class CheckInvocations {
  readonly #ask: (call: PolicyCall) => void
  readonly #refOf: (component: string) => string
  readonly #decided = new Map<string, PolicyDecision>()
  readonly #waiting = new Map<string, PromiseWithResolvers<PolicyDecision>>()

  constructor(options: {
    readonly ask: (call: PolicyCall) => void
    /** The reference that a component runs from: another one is decided anew. */
    readonly refOf: (component: string) => string
  }) {
    this.#ask = options.ask
    this.#refOf = options.refOf
  }

  /** Lets calls of components pass that the policy permits; others fail as `denied`. */
  readonly interceptor: Interceptor = (next) => async (call) => {
    const { target: component, operation } = call
    const asked = {
      component,
      ref: this.#refOf(component),
      interface: operation.interface,
      function: operation.function.name,
    }
    const decision = this.#decided.get(keyOf(asked)) ?? (await this.#decide(asked))
    if (decision.permitted) return next(call)
    const why = decision.message || 'no reason given'
    throw new WeftError(
      'denied',
      `Policy denied request to invoke component \`${component}\` (${operation.interface}.${operation.function.name}): ${why}`,
    )
  }

  /** What the control thread answers, or says has changed. */
  decided({ call, isFinal, ...decision }: InvocationDecision): void {
    const key = keyOf(call)
    if (isFinal) this.#decided.set(key, decision)
    this.#waiting.get(key)?.resolve(decision)
    this.#waiting.delete(key)
  }

  #decide(asked: PolicyCall): Promise<PolicyDecision> {
    const key = keyOf(asked)
    const waiting = this.#waiting.get(key)
    if (waiting) return waiting.promise
    const made = Promise.withResolvers<PolicyDecision>()
    this.#waiting.set(key, made)
    this.#ask(asked)
    return made.promise
  }
}

function keyOf({ component, ref, interface: name, function: fn }: PolicyCall): string {
  return JSON.stringify([component, ref, name, fn])
}
