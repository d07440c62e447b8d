import type { BegunSpan, TraceContext } from '../call/trace-context.ts'
import { encodeProtobuf, type ProtobufWriter } from './otlp-protobuf.ts'
import { rootHead, spanHead, writeIdentity, writeSpanPart } from './otlp-spans.ts'
import type { SpanRecord, SpanResource } from './span.ts'

/** Fields of a span that others may have alike. */
export type SpanFields = Partial<
  Pick<SpanRecord, 'name' | 'kind' | 'attributes' | 'events' | 'links' | 'status'>
>

/** About what the name and the attributes of a call's span take. */
const sharedSize = 512
/** HTTP methods and status codes that are well known are fewer, and so are a component's buckets and host names. */
const mostJoined = 64

/** What many spans say alike: it is encoded once. */
export class SpanPart {
  readonly fields: SpanFields
  #encoded: Uint8Array | undefined
  #encodedRoot: Uint8Array | undefined
  /** Joined with what the span before had, and with others. */
  #latest: { readonly other: SpanPart; readonly joined: SpanPart } | undefined
  readonly #joined = new Map<SpanPart, SpanPart>()

  constructor(fields: SpanFields) {
    this.fields = fields
  }

  /** A span's fields in protobuf, behind room for what is its own (`writeIdentity`). */
  get encoded(): Uint8Array {
    this.#encoded ??= Buffer.concat([spanHead, this.#encodedFields()])
    return this.#encoded
  }

  /** The same for a span without parent. */
  get encodedRoot(): Uint8Array {
    this.#encodedRoot ??= Buffer.concat([rootHead, this.#encodedFields()])
    return this.#encodedRoot
  }

  /** Both parts as one: what `other` says stands above what this one says, attributes add up. */
  with(other: SpanPart | undefined): SpanPart {
    if (!other) return this
    if (this.#latest?.other === other) return this.#latest.joined
    const joined = this.#joined.get(other) ?? this.#join(other)
    this.#latest = { other, joined }
    return joined
  }

  #encodedFields(): Uint8Array {
    return encodeProtobuf(this.fields, writeSpanPart, sharedSize)
  }

  #join(other: SpanPart): SpanPart {
    const attributes = { ...this.fields.attributes, ...other.fields.attributes }
    const joined = new SpanPart({ ...this.fields, ...other.fields, attributes })
    if (this.#joined.size >= mostJoined) this.#joined.clear()
    this.#joined.set(other, joined)
    return joined
  }
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

/** The fields of OTLP's `Span`: the part that it shares is encoded already. */
export function writeDraft(out: ProtobufWriter, draft: SpanDraft): void {
  const start = out.length
  out.append(draft.parent ? draft.part.encoded : draft.part.encodedRoot)
  writeIdentity(out, start, draft)
  for (const fields of draft.own) {
    if ('write' in fields) fields.write(out)
    else writeSpanPart(out, fields)
  }
}
