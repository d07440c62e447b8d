import { TraceId } from '../call/trace-context.ts'
import { preciseNow } from '../clock.ts'
import { scopeName } from './names.ts'
import type { OtlpScope } from './otlp-common.ts'
import { ProtobufWriter } from './otlp-protobuf.ts'
import { spansField, writeSpan } from './otlp-spans.ts'
import type { SpanRecord, SpanResource } from './span.ts'
import { type SpanDraft, writeDraft } from './span-draft.ts'

/** Spans of one service, encoded: the `spans` fields of an OTLP `ScopeSpans`. Plain data. */
export interface SpanGroup {
  readonly resource: SpanResource
  readonly scope: OtlpScope
  readonly count: number
  /** In memory of its own: it goes to another thread without a copy, and is freed by who has no more use for it. */
  readonly spans: Uint8Array<ArrayBuffer>
  /** True for traces that the lattice need not show: so many come that nobody could look at all of them. */
  readonly isSurplus: boolean
}

interface OpenGroup {
  readonly key: string
  readonly resource: SpanResource
  readonly scope: OtlpScope
  readonly isSurplus: boolean
  readonly writer: ProtobufWriter
  count: number
}

/** Half of NATS' default `max_payload` of 1 MiB: room for headers and for servers that allow less. */
export const maxGroupBytes = 512 * 1024
const ownScope: OtlpScope = { name: scopeName }

/** Encodes spans as they come, by service. */
export class SpanGroups {
  readonly #full: SpanGroup[] = []
  /** By what the service and the scope are, and by who it was, which is found sooner. */
  readonly #open = new Map<string, OpenGroup>()
  readonly #ofCalls = new Map<SpanResource, OpenGroup>()
  readonly #ofSurplus = new Map<SpanResource, OpenGroup>()
  readonly #isSurplus: (id: TraceId, now: number) => boolean
  /** A writer that was emptied is used again: its memory is there. */
  readonly #writers: ProtobufWriter[] = []
  count = 0

  /** `isSurplus` must say the same of a trace on every host. */
  constructor(isSurplus: (id: TraceId, now: number) => boolean = () => false) {
    this.#isSurplus = isSurplus
  }

  add(span: SpanRecord): void {
    const isSurplus = this.#isSurplus(TraceId.from(span.traceId), preciseNow())
    const group = this.#groupOf(span.resource, span.scope ?? ownScope, isSurplus)
    const before = group.writer.length
    group.writer.message(spansField, span, writeSpan)
    if (group.writer.length - before > maxGroupBytes / 2) {
      group.writer.cut(before)
      group.writer.message(spansField, bare(span), writeSpan)
    }
    this.#added(group)
  }

  addDraft(draft: SpanDraft): void {
    const isSurplus = this.#isSurplus(draft.trace.id, draft.end)
    const known = (isSurplus ? this.#ofSurplus : this.#ofCalls).get(draft.resource)
    const group = known ?? this.#groupOfCalls(draft.resource, isSurplus)
    writeDraft(group.writer, draft)
    this.#added(group)
  }

  /** All groups so far; begins anew. */
  take(): SpanGroup[] {
    for (const group of this.#open.values()) this.#close(group)
    this.#open.clear()
    this.#ofCalls.clear()
    this.#ofSurplus.clear()
    this.count = 0
    return this.#full.splice(0)
  }

  #groupOfCalls(resource: SpanResource, isSurplus: boolean): OpenGroup {
    const group = this.#groupOf(resource, ownScope, isSurplus)
    const groups = isSurplus ? this.#ofSurplus : this.#ofCalls
    groups.set(resource, group)
    return group
  }

  #groupOf(resource: SpanResource, scope: OtlpScope, isSurplus: boolean): OpenGroup {
    const key = JSON.stringify([resource, scope.name, scope.version, isSurplus])
    const known = this.#open.get(key)
    if (known) return known
    const writer = this.#writers.pop() ?? new ProtobufWriter()
    const group: OpenGroup = { key, resource, scope, isSurplus, writer, count: 0 }
    this.#open.set(key, group)
    return group
  }

  #added(group: OpenGroup): void {
    group.count += 1
    this.count += 1
    if (group.writer.length < maxGroupBytes / 2) return
    this.#open.delete(group.key)
    this.#ofCalls.clear()
    this.#ofSurplus.clear()
    this.#close(group)
  }

  #close({ resource, scope, isSurplus, writer, count }: OpenGroup): void {
    this.#full.push({ resource, scope, count, spans: writer.take(), isSurplus })
    if (this.#writers.length < 16) this.#writers.push(writer)
  }
}

/** A span too big to travel goes without what makes it so. */
function bare(span: SpanRecord): SpanRecord {
  return {
    ...span,
    name: span.name.slice(0, 256),
    traceState: '',
    attributes: {},
    events: [],
    links: [],
    status: { code: span.status.code },
    dropped: {
      attributes: Object.keys(span.attributes).length + (span.dropped?.attributes ?? 0),
      events: span.events.length + (span.dropped?.events ?? 0),
      links: span.links.length + (span.dropped?.links ?? 0),
    },
  }
}
