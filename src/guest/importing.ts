import type { Call } from '../call/call.ts'
import type { Log } from '../log.ts'
import type { GuestSpans } from './guest-spans.ts'
import type { ComponentServices, Invocation } from './invocation.ts'
import type { OutputLines } from './output-lines.ts'

/** What the imports of an instance see of the invocation that calls them. */
export type Importing = Pick<
  Invocation,
  | 'current'
  | 'call'
  | 'services'
  | 'log'
  | 'output'
  | 'spans'
  | 'setLinkName'
  | 'callOut'
  | 'callHost'
  | 'hasLink'
  | 'callInSession'
  | 'imported'
>

/**
 * The invocation on whose behalf an instance's guest runs at this moment. Imports are made once per instance and ask it
 * when they are called, before they wait for anything.
 */
export class CurrentInvocation implements Importing {
  readonly #find: () => Invocation

  constructor(find: () => Invocation) {
    this.#find = find
  }

  /** The invocation of this moment, for what goes on after a wait. */
  get current(): Invocation {
    return this.#find()
  }

  get call(): Call {
    return this.#find().call
  }

  get services(): ComponentServices {
    return this.#find().services
  }

  get log(): Log {
    return this.#find().log
  }

  get output(): OutputLines {
    return this.#find().output
  }

  get spans(): GuestSpans {
    return this.#find().spans
  }

  imported<T>(label: string, work: () => T): T {
    return this.#find().imported(label, work)
  }

  setLinkName(interfaceKey: string, name: string): void {
    this.#find().setLinkName(interfaceKey, name)
  }

  callOut(...args: Parameters<Invocation['callOut']>): Promise<unknown> {
    return this.#find().callOut(...args)
  }

  callInSession(...args: Parameters<Invocation['callInSession']>): Promise<unknown> {
    return this.#find().callInSession(...args)
  }

  callHost(...args: Parameters<Invocation['callHost']>): Promise<unknown> {
    return this.#find().callHost(...args)
  }

  hasLink(interfaceKey: string): boolean {
    return this.#find().hasLink(interfaceKey)
  }
}
