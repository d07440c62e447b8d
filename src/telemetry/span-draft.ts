import type { TraceContext } from '../call/trace-context.ts'
import { encodeProtobuf, type ProtobufWriter } from './otlp-protobuf.ts'
import { writeIdentity, writeSpanPart } from './otlp-spans.ts'
import type { SpanRecord, SpanResource } from './span.ts'

/** Fields of a span that others may have alike. */
export type SpanFields = Partial<
  Pick<SpanRecord, 'name' | 'kind' | 'attributes' | 'events' | 'links' | 'status'>
>

/** About what the name and the attributes of a call's span take. */
const sharedSize = 512

/** A part that many spans share: it is encoded once. */
export class SpanPart {
  readonly fields: SpanFields
  #encoded: Uint8Array | undefined

  constructor(fields: SpanFields) {
    this.fields = fields
  }

  get encoded(): Uint8Array {
    this.#encoded ??= encodeProtobuf(this.fields, writeSpanPart, sharedSize)
    return this.#encoded
  }
}

/** A finished span of a call, made of what is its own and of parts that it shares with others. */
export interface SpanDraft {
  readonly trace: Omit<TraceContext, 'sampled'>
  /** Of the same trace. */
  readonly parent: Pick<TraceContext, 'spanId'> | undefined
  readonly start: number
  readonly end: number
  /** True when the parent may live elsewhere. */
  readonly isParentRemote: boolean
  /** A later part stands above an earlier one, attributes add up. */
  readonly parts: readonly (SpanPart | SpanFields | undefined)[]
  readonly resource: SpanResource
}

/** The fields of OTLP's `Span`: the parts that it shares are encoded already. */
export function writeDraft(out: ProtobufWriter, draft: SpanDraft): void {
  writeIdentity(out, draft)
  for (const part of draft.parts) {
    if (part instanceof SpanPart) out.append(part.encoded)
    else if (part) writeSpanPart(out, part)
  }
}
