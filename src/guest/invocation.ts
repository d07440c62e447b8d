import { type Call, type Invoke, type Operation, operationName } from '../call/call.ts'
import { childOf } from '../call/child.ts'
import { CallSession } from '../call/session.ts'
import type { TraceContext } from '../call/trace-context.ts'
import type { GuestOtel } from '../capability/otel.ts'
import { preciseNow } from '../clock.ts'
import { type LimitName, WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Secrets } from '../secret.ts'
import { withoutVersion } from '../wit/names.ts'
import type { WitFunction } from '../wit/type.ts'
import { GuestSpans } from './guest-spans.ts'
import { HeldResource } from './held-resource.ts'
import { mapHandles } from './map-handles.ts'
import { type OutputLines, outputLines } from './output-lines.ts'

/** What a running component needs of its host. Config and links are read at the moment of use, so changes show at once. */
export interface ComponentServices {
  /** Makes the calls that the guest makes. */
  readonly invoke: Invoke
  /** Puts around `answer` what is around `invoke`: for calls that the component's own host answers. */
  readonly leaving: (answer: Invoke) => Invoke
  readonly log: Log
  /** A limit of the component was hit. */
  limitHit(limit: LimitName): void
  /** An invocation trapped, ran on until it was stopped, or took badly what its limits refused it. */
  offended(): void
  /** An invocation trapped, be it after its answer. */
  trapped(): void
  config(): Readonly<Record<string, string>>
  secrets(): Secrets
  /** Where the guest's own telemetry goes. */
  readonly otel: GuestOtel
  /**
   * The id that link `name` of this component leads to for `ns:pkg/iface`; undefined when there is no such link. A
   * promise when it was deleted a moment ago: it settles when the link is there again, or is not to come.
   */
  linkTarget(name: string, interfaceKey: string): string | undefined | Promise<string | undefined>
}

/** One run of an export: which call it answers, and how its imports call out. */
export class Invocation {
  readonly call: Call
  readonly services: ComponentServices
  #linkNames: Map<string, string> | undefined
  #log: { readonly spanId: string | undefined; readonly log: Log } | undefined
  #output: OutputLines | undefined
  #spans: GuestSpans | undefined
  #session: CallSession | undefined

  constructor(call: Call, services: ComponentServices) {
    this.call = call
    this.services = services
  }

  /** Itself: what `Importing` asks for. */
  get current(): Invocation {
    return this
  }

  /** The span that is open at this moment: the guest's own innermost, or the host's that called it. */
  get trace(): TraceContext | undefined {
    return this.#spans ? this.#spans.current : this.call.context.trace
  }

  /** Log lines of this invocation carry its component and the span of the moment. */
  get log(): Log {
    const { trace } = this
    if (!this.#log || this.#log.spanId !== trace?.spanId) {
      const { target: component } = this.call
      const log = this.services.log.with({ component, traceId: trace?.traceId, spanId: trace?.spanId })
      this.#log = { spanId: trace?.spanId, log }
    }
    return this.#log.log
  }

  /** Spans, metrics and logs that the guest makes itself. */
  get spans(): GuestSpans {
    this.#spans ??= new GuestSpans(this.call, this.services.otel, () => this.log)
    return this.#spans
  }

  /** Where the guest's stdout and stderr go. */
  get output(): OutputLines {
    this.#output ??= outputLines({ write: (...line) => this.log.write(...line) })
    return this.#output
  }

  /** Does what the guest asks of the host itself; the trace shows it by `label`, such as `config/store get`. */
  imported<T>(label: string, work: () => T): T {
    const { trace } = this
    if (!trace?.sampled) return work()
    const start = preciseNow()
    try {
      return work()
    } finally {
      this.call.course.record({ name: 'imported', label, under: trace.spanId, start, end: preciseNow() })
    }
  }

  /** It is over: logs what the guest has written without a line end, and ends the spans that it left open. */
  close(): void {
    this.#output?.flush()
    this.#spans?.close()
    this.#session?.end()
  }

  /** `wasmcloud:bus/lattice` set-link-name: the link that calls of `interfaceKey` take from now on. */
  setLinkName(interfaceKey: string, name: string): void {
    this.#linkNames ??= new Map()
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
    const { trace } = this
    const link = await this.#findLink(interfaceKey, operation)
    this.call.course.commit()
    return this.services.invoke(childOf(this.call, { ...link, operation, args, trace }))
  }

  /** The same for a function that passes resources: they live in one instance of the component that is called. */
  async callInSession(key: string, operation: Operation, args: readonly unknown[]): Promise<unknown> {
    const { trace } = this
    const link = await this.#findLink(key, operation)
    const { target } = link
    this.#session ??= new CallSession()
    const session = this.#session
    const { params, result } = operation.function
    const given = params.map(({ type }, index) =>
      mapHandles(type, args[index], (_, held) => resourceOf(held, { session, target, operation })),
    )
    this.call.course.commit()
    const value = await session.inTurn(() =>
      this.services.invoke(childOf(this.call, { ...link, operation, args: given, trace, session })),
    )
    return result && mapHandles(result, value, (_, made) => new HeldResource(session, target, made))
  }

  async #findLink(
    key: string,
    operation: Operation,
  ): Promise<{ readonly target: string; readonly linkName: string }> {
    const linkName = this.#linkName(key)
    const found = this.services.linkTarget(linkName, key)
    const target = typeof found === 'object' ? await found : found
    if (target === undefined) throw missingLink(this.call.target, key, linkName, operationName(operation))
    return { target, linkName }
  }

  /** A call that `answer` takes, instead of what a link leads to; `target` is what a trace calls it. */
  callHost(target: string, operation: Operation, args: readonly unknown[], answer: Invoke): Promise<unknown> {
    this.call.course.commit()
    const { trace } = this
    return this.services.leaving(answer)(childOf(this.call, { target, operation, args, trace }))
  }

  hasLink(interfaceKey: string): boolean {
    return this.services.linkTarget(this.#linkName(interfaceKey), interfaceKey) !== undefined
  }

  #linkName(interfaceKey: string): string {
    return this.#linkNames?.get(interfaceKey) ?? 'default'
  }
}

/** What a guest passes as a resource, as the component that made it knows it. */
function resourceOf(
  held: unknown,
  {
    session,
    target,
    operation,
  }: { readonly session: CallSession; readonly target: string; readonly operation: Operation },
): unknown {
  if (held instanceof HeldResource && held.session === session && held.target === target) return held.resource
  const maker = held instanceof HeldResource ? `component ${held.target}` : 'another'
  const why =
    held instanceof HeldResource && held.session !== session
      ? 'it was made in another invocation'
      : `it was made by ${maker}`
  throw new WeftError(
    'invalid',
    `${operationName(operation)} of component ${target} can't be given this resource: ${why}, and lives there only`,
  )
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
