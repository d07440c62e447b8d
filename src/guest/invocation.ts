import { type Call, type Invoke, operationName } from '../call/call.ts'
import { childOf } from '../call/child.ts'
import { type LimitName, WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Secrets } from '../secret.ts'
import { withoutVersion } from '../wit/names.ts'
import type { WitFunction } from '../wit/type.ts'
import { type OutputLines, outputLines } from './output-lines.ts'

/** What a running component needs of its host. Config and links are read at the moment of use, so changes show at once. */
export interface ComponentServices {
  /** Makes the calls that the guest makes. */
  readonly invoke: Invoke
  readonly log: Log
  /** A limit of the component was hit. */
  limitHit(limit: LimitName): void
  config(): Readonly<Record<string, string>>
  secrets(): Secrets
  /** The id that link `name` of this component leads to for `ns:pkg/iface`; undefined when there is no such link. */
  linkTarget(name: string, interfaceKey: string): string | undefined
}

/** One run of an export: which call it answers, and how its imports call out. */
export class Invocation {
  readonly call: Call
  readonly services: ComponentServices
  readonly #linkNames = new Map<string, string>()
  #log: Log | undefined
  #output: OutputLines | undefined

  constructor(call: Call, services: ComponentServices) {
    this.call = call
    this.services = services
  }

  /** Log lines of this invocation carry its component and its span. */
  get log(): Log {
    const { trace } = this.call.context
    this.#log ??= this.services.log.with({
      component: this.call.target,
      traceId: trace?.traceId,
      spanId: trace?.spanId,
    })
    return this.#log
  }

  /** Where the guest's stdout and stderr go. */
  get output(): OutputLines {
    this.#output ??= outputLines(this.log)
    return this.#output
  }

  /** Logs what the guest has written without a line end. */
  flushOutput(): void {
    this.#output?.flush()
  }

  /** `wasmcloud:bus/lattice` set-link-name: the link that calls of `interfaceKey` take from now on. */
  setLinkName(interfaceKey: string, name: string): void {
    this.#linkNames.set(interfaceKey, name)
  }

  /**
   * Calls what the link for `interfaceKey` (`ns:pkg/iface`) leads to. `wireInterface` is the interface as the lattice
   * names it. Gives back the raw result value.
   */
  async callOut(
    interfaceKey: string,
    wireInterface: string,
    fn: WitFunction,
    args: readonly unknown[],
  ): Promise<unknown> {
    const operation = { interface: wireInterface, function: fn }
    const { target, linkName } = this.requireLink(interfaceKey, operationName(operation))
    return this.services.invoke(childOf(this.call, { target, operation, args, linkName }))
  }

  /** Where the chosen link for `interfaceKey` leads; `not_found`, saying what to add, when there is none. */
  requireLink(
    interfaceKey: string,
    operation: string,
  ): { readonly target: string; readonly linkName: string } {
    const linkName = this.#linkNames.get(interfaceKey) ?? 'default'
    const target = this.services.linkTarget(linkName, interfaceKey)
    if (target === undefined) throw missingLink(this.call.target, interfaceKey, linkName, operation)
    return { target, linkName }
  }
}

/** What the imports of an instance see of the invocation that calls them. */
export type Importing = Pick<
  Invocation,
  'call' | 'services' | 'log' | 'output' | 'setLinkName' | 'callOut' | 'requireLink'
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

  setLinkName(interfaceKey: string, name: string): void {
    this.#find().setLinkName(interfaceKey, name)
  }

  callOut(...args: Parameters<Invocation['callOut']>): Promise<unknown> {
    return this.#find().callOut(...args)
  }

  requireLink(interfaceKey: string, operation: string): ReturnType<Invocation['requireLink']> {
    return this.#find().requireLink(interfaceKey, operation)
  }
}

function missingLink(
  component: string,
  interfaceKey: string,
  linkName: string,
  operation: string,
): WeftError {
  const [namespace, rest = ''] = withoutVersion(interfaceKey).split(':')
  const [pkg, name] = rest.split('/')
  return new WeftError(
    'not_found',
    `component ${component} called ${operation}, but has no link named ${linkName} for ${interfaceKey}: ` +
      `add a link with namespace ${namespace}, package ${pkg}, interface ${name}`,
  )
}
