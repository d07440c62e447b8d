import type { BegunSpan, TraceContext } from '../call/trace-context.ts'
import { encodeProtobuf, type ProtobufWriter } from './otlp-protobuf.ts'
import { rootHead, spanHead, spansField, writeIdentity, writeSpanPart } from './otlp-spans.ts'
import type { SpanRecord, SpanResource } from './span.ts'

/** Fields of a span that others may have alike. */
export type SpanFields = Partial<
  Pick<SpanRecord, 'name' | 'kind' | 'attributes' | 'events' | 'links' | 'status'>
>

/** About what the name and the attributes of a call's span take. */
const sharedSize = 512
/** What a part is joined with are answers, by HTTP status. */
const mostJoined = 64
/** Of a field whose number is below 16. */
const tagSize = 1

/** What many spans say alike: it is encoded once. */
export class SpanPart {
  readonly fields: SpanFields
  #child: EncodedSpan | undefined
  #root: EncodedSpan | undefined
  /** Joined with what the span before had, and with others. */
  #latest: { readonly other: SpanPart; readonly joined: SpanPart } | undefined
  readonly #joined = new Map<SpanPart, SpanPart>()

  constructor(fields: SpanFields) {
    this.fields = fields
  }

  /** A span that says this and no more, with or without a parent. */
  encoded(parent: SpanDraft['parent']): EncodedSpan {
    if (parent) {
      this.#child ??= encodedSpan(spanHead, this.fields)
      return this.#child
    }
    this.#root ??= encodedSpan(rootHead, this.fields)
    return this.#root
  }

  /** Both parts as one: what `other` says stands above what this one says, attributes add up. */
  with(other: SpanPart | undefined): SpanPart {
    if (!other) return this
    if (this.#latest?.other === other) return this.#latest.joined
    const joined = this.#joined.get(other) ?? this.#keep(other)
    this.#latest = { other, joined }
    return joined
  }

  /** A new part that says this and `fields` as well, which stand above. */
  and(fields: SpanFields): SpanPart {
    return new SpanPart({
      ...this.fields,
      ...fields,
      attributes: { ...this.fields.attributes, ...fields.attributes },
    })
  }

  #keep(other: SpanPart): SpanPart {
    if (this.#joined.size >= mostJoined) this.#joined.clear()
    const joined = this.and(other.fields)
    this.#joined.set(other, joined)
    return joined
  }
}

/** The `spans` field of an OTLP `ScopeSpans`, with room for what is a span's own (`writeIdentity`). */
interface EncodedSpan {
  readonly bytes: Uint8Array
  /** Where that room begins. */
  readonly head: number
}

function encodedSpan(head: Uint8Array, fields: SpanFields): EncodedSpan {
  const content = Buffer.concat([head, encodeProtobuf(fields, writeSpanPart, sharedSize)])
  const bytes = encodeProtobuf(content, (out, span) => out.bytes(spansField, span), content.length)
  return { bytes: bytes.slice(), head: bytes.length - content.length }
}

/** Fields that write themselves, without being put together first. */
export interface WrittenFields {
  readonly fields: SpanFields
  write(out: ProtobufWriter): void
}

/** A finished span of a call. */
export interface SpanDraft {
  readonly trace: BegunSpan
  /** Of the same trace. */
  readonly parent: Pick<TraceContext, 'spanId'> | undefined
  readonly start: number
  readonly end: number
  /** True when the parent may live elsewhere. */
  readonly isParentRemote: boolean
  readonly part: SpanPart
  /** What no other span says; a later one stands above an earlier one and above the part, attributes add up. */
  readonly own: readonly (SpanFields | WrittenFields)[]
  readonly resource: SpanResource
}

/** The `spans` field of an OTLP `ScopeSpans`. */
export function writeDraft(out: ProtobufWriter, draft: SpanDraft): void {
  const { bytes, head } = draft.part.encoded(draft.parent)
  const start = out.length + head
  out.append(bytes)
  const end = out.length
  writeIdentity(out, start, draft)
  for (const fields of draft.own) {
    if ('write' in fields) fields.write(out)
    else writeSpanPart(out, fields)
  }
  if (out.length > end) out.end(start, head - tagSize)
}
