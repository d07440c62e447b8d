import type {
  Attributes,
  AttributeValue,
  Context,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanOptions,
  SpanStatus,
  TimeInput,
  Tracer,
} from '@opentelemetry/api'
import { type ActiveContext, contextWithSpan, spanIn } from './active-context.ts'
import { type HostSpanContext, keyValues, type OtelHost } from './host.ts'
import { newId } from './ids.ts'
import type { Times } from './times.ts'

/** What tracers, meters and loggers of a guest share. */
export interface GuestScope {
  readonly host: OtelHost
  readonly times: Times
  readonly contexts: ActiveContext
  readonly scope: { readonly name: string; readonly version: string | undefined }
}

const kinds = ['internal', 'server', 'client', 'producer', 'consumer']
const statuses = ['unset', 'ok', 'error']

/** A tracer whose spans the host exports. A span without a parent of its own hangs under the host's. */
export class GuestTracer implements Tracer {
  readonly #own: GuestScope

  constructor(own: GuestScope) {
    this.#own = own
  }

  startSpan(name: string, options: SpanOptions = {}, context: Context = this.#own.contexts.active()): Span {
    const parent = options.root ? undefined : (spanContextIn(context) ?? hostContext(this.#own.host))
    return new GuestSpan(this.#own, { name, options, parent })
  }

  startActiveSpan<F extends (span: Span) => unknown>(name: string, ...rest: unknown[]): ReturnType<F> {
    const fn = rest.at(-1) as F
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : {}
    const context = rest.length > 2 ? (rest[1] as Context) : this.#own.contexts.active()
    const span = this.startSpan(name, options, context)
    const run = () => fn(span) as ReturnType<F>
    return this.#own.contexts.with(contextWithSpan(context, span), run)
  }
}

/** The ids of the span that is active, for log records and exemplars; the host's outside of any. */
export function currentIds({ contexts, host }: GuestScope): SpanContext | undefined {
  return spanContextIn(contexts.active()) ?? hostContext(host)
}

export function spanContextIn(context: Context): SpanContext | undefined {
  return (spanIn(context) as Span | undefined)?.spanContext()
}

function hostContext({ tracing }: OtelHost): SpanContext | undefined {
  const given = (tracing.outerSpanContext ?? tracing.currentSpanContext)?.()
  if (!given || /^0*$/.test(given.traceId)) return undefined
  const { traceId, spanId, traceFlags } = given
  const state = new HostTraceState(given.traceState)
  return { traceId, spanId, traceFlags: traceFlags.sampled ? 1 : 0, isRemote: true, traceState: state }
}

/** The `tracestate` as it came; a guest hands it on and changes nothing. */
class HostTraceState {
  readonly members: HostSpanContext['traceState']

  constructor(members: HostSpanContext['traceState']) {
    this.members = members
  }

  get(key: string): string | undefined {
    return this.members.find(([other]) => other === key)?.[1]
  }

  set(): this {
    return this
  }

  unset(): this {
    return this
  }

  serialize(): string {
    return this.members.map(([key, value]) => `${key}=${value}`).join(',')
  }
}

interface SpanStart {
  readonly name: string
  readonly options: SpanOptions
  readonly parent: SpanContext | undefined
}

class GuestSpan implements Span {
  readonly #own: GuestScope
  readonly #context: SpanContext
  readonly #parentSpanId: string
  readonly #kind: number
  readonly #start: object
  readonly #attributes: Record<string, unknown>
  readonly #events: object[] = []
  readonly #links: object[] = []
  #name: string
  #status: SpanStatus = { code: 0 }
  #isOpen = true

  constructor(own: GuestScope, { name, options, parent }: SpanStart) {
    this.#own = own
    this.#name = name
    this.#parentSpanId = parent?.spanId ?? ''
    this.#context = {
      traceId: parent?.traceId ?? newId(own.host, 32),
      spanId: newId(own.host, 16),
      traceFlags: parent?.traceFlags ?? 1,
      ...(parent?.traceState && { traceState: parent.traceState }),
    }
    this.#kind = options.kind ?? 0
    this.#start = own.times.from(options.startTime)
    this.#attributes = { ...options.attributes }
    this.addLinks(options.links ?? [])
    own.host.tracing.onStart(hostFromContext(this.#context))
  }

  spanContext(): SpanContext {
    return this.#context
  }

  setAttribute(key: string, value: AttributeValue): this {
    this.#attributes[key] = value
    return this
  }

  setAttributes(attributes: Attributes): this {
    Object.assign(this.#attributes, attributes)
    return this
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    const isTime =
      typeof attributesOrTime === 'number' ||
      Array.isArray(attributesOrTime) ||
      attributesOrTime instanceof Date
    const attributes = isTime ? {} : attributesOrTime
    const at = isTime ? (attributesOrTime as TimeInput) : time
    this.#events.push({ name, time: this.#own.times.from(at), attributes: keyValues(attributes) })
    return this
  }

  addLink({ context, attributes }: Link): this {
    this.#links.push({ spanContext: hostFromContext(context), attributes: keyValues(attributes) })
    return this
  }

  addLinks(links: Link[]): this {
    for (const link of links) this.addLink(link)
    return this
  }

  setStatus(status: SpanStatus): this {
    this.#status = status
    return this
  }

  updateName(name: string): this {
    this.#name = name
    return this
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const { name, message, stack } =
      typeof exception === 'string' ? { name: undefined, message: exception, stack: undefined } : exception
    const attributes = { 'exception.type': name, 'exception.message': message, 'exception.stacktrace': stack }
    this.#events.push({
      name: 'exception',
      time: this.#own.times.from(time),
      attributes: keyValues(attributes),
    })
  }

  isRecording(): boolean {
    return this.#isOpen
  }

  end(endTime?: TimeInput): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { code, message } = this.#status
    this.#own.host.tracing.onEnd({
      spanContext: hostFromContext(this.#context),
      parentSpanId: this.#parentSpanId,
      spanKind: kinds[this.#kind] ?? 'internal',
      name: this.#name,
      startTime: this.#start,
      endTime: this.#own.times.from(endTime),
      attributes: keyValues(this.#attributes),
      events: this.#events,
      links: this.#links,
      status: code === 2 ? { tag: 'error', val: message ?? '' } : { tag: statuses[code] ?? 'unset' },
      instrumentationScope: hostScope(this.#own),
      droppedAttributes: 0,
      droppedEvents: 0,
      droppedLinks: 0,
    })
  }
}

export function hostScope({ scope }: GuestScope): object {
  return { name: scope.name, version: scope.version, schemaUrl: undefined, attributes: [] }
}

function hostFromContext(context: SpanContext): HostSpanContext {
  const { traceId, spanId, traceFlags, isRemote, traceState } = context
  return {
    traceId,
    spanId,
    traceFlags: { sampled: (traceFlags & 1) === 1 },
    isRemote: isRemote ?? false,
    traceState: traceState instanceof HostTraceState ? traceState.members : [],
  }
}
