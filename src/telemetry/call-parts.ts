import type { Call } from '../call/call.ts'
import { answerOutcome, httpStatusOf, type OutcomeLabel } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import { type CallSide, messageOf, ownAttributes, ownName } from './describe-call.ts'
import { requestAttributes, requestKey } from './http-attributes.ts'
import { messageFields } from './message-attributes.ts'
import { type SpanFields, SpanPart } from './span-draft.ts'

/** HTTP methods and status codes that are well known are fewer, and so are a component's buckets and host names. */
const mostKept = 64

/** The parts of the spans of calls: what many spans say alike is made and encoded once. */
export class CallParts {
  readonly #requests = new Map<string, SpanPart>()
  readonly #buckets = new Map<string, SpanPart>()

  /** Name, kind and what is the same for every call from here to there. */
  fixed(call: Call, side: CallSide, site: CallSite): SpanPart {
    const name = ownName(call, side, site)
    return name === undefined ? site.part : kept(site.namedParts, name, () => ({ ...site.part.fields, name }))
  }

  /** What the arguments say. Who hands a request on says nothing of it that its own span of it does not say. */
  own(call: Call, side: CallSide, { subject }: CallSite): readonly (SpanPart | SpanFields)[] {
    const message = messageOf(call, side)
    if (message) return [messageFields(call, message)]
    if (subject === 'other' || (subject === 'http-in' && side === 'client')) return []
    const describe = () => ({ attributes: ownAttributes(call, subject) })
    if (subject === 'http-in') return [this.#request(call.args[0]), describe()]
    const [bucket, keys] = call.args
    if (subject === 'keyvalue' && typeof bucket === 'string' && !Array.isArray(keys))
      return [kept(this.#buckets, bucket, describe)]
    return [describe()]
  }

  /** What an answer adds; undefined when it is neither an error nor a response. */
  answer(
    call: Call,
    { side, site, label }: { readonly side: CallSide; readonly site: CallSite; readonly label: OutcomeLabel },
    answer: unknown,
  ): SpanPart | SpanFields | undefined {
    const describe = () => answerOutcome(call, { side, subject: site.subject }, answer)
    if (label === 'err') return describe()
    const status = httpStatusOf(site.subject, answer)
    return status === undefined ? undefined : kept(site.answerParts, status, describe)
  }

  #request(request: unknown): SpanPart | SpanFields {
    const describe = () => ({ attributes: requestAttributes(request) })
    const key = requestKey(request)
    return key === undefined ? describe() : kept(this.#requests, key, describe)
  }
}

function kept<K>(parts: Map<K, SpanPart>, key: K, describe: () => SpanFields): SpanPart {
  const known = parts.get(key)
  if (known) return known
  const part = new SpanPart(describe())
  if (parts.size >= mostKept) parts.clear()
  parts.set(key, part)
  return part
}
