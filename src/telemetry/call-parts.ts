import type { Call } from '../call/call.ts'
import { answerOutcome, httpStatusOf, type OutcomeLabel } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import { type CallSide, type CallSubject, messageOf, ownAttributes, ownName } from './describe-call.ts'
import { requestAttributes, requestKey } from './http-attributes.ts'
import { messageFields } from './message-attributes.ts'
import { type SpanFields, SpanPart } from './span-draft.ts'

/** HTTP methods and status codes that are well known are fewer, and so are a component's buckets and host names. */
const mostKept = 64

/** The parts of the spans of calls: what many spans say alike is described and encoded once. */
export class CallParts {
  readonly #requests = new Map<string, SpanPart>()
  readonly #buckets = new Map<string, SpanPart>()

  /** Name, kind and what is the same for every call from here to there. */
  fixed(call: Call, site: CallSite): SpanPart {
    const name = ownName(call, site.side, site)
    if (name === undefined) return site.part
    return site.namedParts.get(name) ?? keep(site.namedParts, name, { ...site.part.fields, name })
  }

  /** What the arguments of many calls say alike. */
  shared(call: Call, { side, subject }: CallSite): SpanPart | SpanFields | undefined {
    if (saysNothing(call, side, subject)) return undefined
    const [first, second] = call.args
    if (subject === 'http-in') {
      const key = requestKey(first)
      if (key === undefined) return { attributes: requestAttributes(first) }
      return this.#requests.get(key) ?? keep(this.#requests, key, { attributes: requestAttributes(first) })
    }
    if (subject !== 'keyvalue' || typeof first !== 'string' || Array.isArray(second)) return undefined
    const known = this.#buckets.get(first)
    return known ?? keep(this.#buckets, first, { attributes: ownAttributes(call, subject) })
  }

  /** What its own arguments say. */
  own(call: Call, { side, subject }: CallSite): SpanFields | undefined {
    const message = messageOf(call, side)
    if (message) return messageFields(call, message)
    const isShared = subject === 'keyvalue' && !Array.isArray(call.args[1])
    if (isShared || saysNothing(call, side, subject)) return undefined
    return { attributes: ownAttributes(call, subject) }
  }

  /** What an answer adds; undefined when it is neither an error nor a response. */
  answer(
    call: Call,
    { site, label }: { readonly site: CallSite; readonly label: OutcomeLabel },
    answer: unknown,
  ): SpanPart | SpanFields | undefined {
    if (label === 'err') return answerOutcome(call, site, answer)
    const status = httpStatusOf(site.subject, answer)
    if (status === undefined) return undefined
    return site.answerParts.get(status) ?? keep(site.answerParts, status, answerOutcome(call, site, answer))
  }
}

/** Who hands a request on says nothing of it that its own span of it does not say. */
function saysNothing(call: Call, side: CallSide, subject: CallSubject): boolean {
  return (
    subject === 'other' || (subject === 'http-in' && side === 'client') || messageOf(call, side) !== undefined
  )
}

function keep<K>(parts: Map<K, SpanPart>, key: K, fields: SpanFields): SpanPart {
  if (parts.size >= mostKept) parts.clear()
  const part = new SpanPart(fields)
  parts.set(key, part)
  return part
}
