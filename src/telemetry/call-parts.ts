import type { Call } from '../call/call.ts'
import { answerOutcome, httpStatusOf, type OutcomeLabel } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import { isUnderEntry, messageOf, ownAttributes, ownName } from './describe-call.ts'
import { isAsking, type RequestKey, RequestTarget, requestAttributes, requestKey } from './http-attributes.ts'
import { messageFields } from './message-attributes.ts'
import { type SpanDraft, type SpanFields, SpanPart } from './span-draft.ts'

/** HTTP methods and status codes that are well known are fewer, and so are a component's buckets and host names. */
const mostKept = 64

/** Requests that say the same of themselves, but for their path. */
export interface RequestPart {
  readonly key: RequestKey
  readonly route: string | undefined
  readonly part: SpanPart
}

const nothing: SpanDraft['own'] = []

/** What many calls from here to there say alike: name, kind, and most of their attributes. */
export function sharedPart(call: Call, site: CallSite): SpanPart {
  const { subject, side } = site
  if (isUnderEntry(site)) return site.part
  if (messageOf(call, side) || subject === 'http-out') return namedPart(call, site)
  if (subject === 'http-in' && side === 'server') return requestPart(call, site) ?? site.part
  const [bucket, keys] = call.args
  if (subject !== 'keyvalue' || typeof bucket !== 'string' || Array.isArray(keys)) return site.part
  const known = site.parts.get(bucket)
  return known ?? keep(site, bucket, { attributes: ownAttributes(call, subject) })
}

/** What its own arguments say. */
export function ownFields(call: Call, site: CallSite): SpanDraft['own'] {
  const { subject, side } = site
  if (subject === 'other' || isUnderEntry(site)) return nothing
  const message = messageOf(call, side)
  if (message) return [messageFields(call, message)]
  if (subject === 'keyvalue' && !Array.isArray(call.args[1])) return nothing
  if (subject !== 'http-in') return [{ attributes: ownAttributes(call, subject) }]
  // Who hands a request on says nothing of it that its own span of it does not say.
  if (side === 'client') return nothing
  const own = new RequestTarget(call.args[0], call.route)
  return requestKey(call.args[0]) ? [own] : [requestFields(call, site), own]
}

/** What an answer adds; undefined when it is neither an error nor a response. */
export function answerPart(
  call: Call,
  { site, label }: { readonly site: CallSite; readonly label: OutcomeLabel },
  answer: unknown,
): SpanPart | SpanFields | undefined {
  if (label === 'err') return answerOutcome(call, site, answer)
  const status = httpStatusOf(site.subject, answer)
  if (status === undefined) return undefined
  const known = site.answers.get(status)
  if (known) return known
  const part = new SpanPart(answerOutcome(call, site, answer))
  if (site.answers.size >= mostKept) site.answers.clear()
  site.answers.set(status, part)
  return part
}

function namedPart(call: Call, site: CallSite): SpanPart {
  const name = ownName(call, site.side, site)
  if (name === undefined) return site.part
  return site.parts.get(name) ?? keep(site, name, { name })
}

/** Undefined where methods and schemes are not among few. */
function requestPart(call: Call, site: CallSite): SpanPart | undefined {
  const { requests } = site
  const [request] = call.args
  for (const known of requests) {
    if (known.route === call.route && isAsking(request, known.key)) return known.part
  }
  const key = requestKey(request)
  if (!key) return undefined
  const part = site.part.and(requestFields(call, site))
  if (requests.length >= mostKept) requests.length = 0
  requests.push({ key, route: call.route, part })
  return part
}

function requestFields(call: Call, site: CallSite): SpanFields {
  const name = ownName(call, site.side, site)
  return { ...(name !== undefined && { name }), attributes: requestAttributes(call.args[0]) }
}

function keep(site: CallSite, key: string, fields: SpanFields): SpanPart {
  if (site.parts.size >= mostKept) site.parts.clear()
  const part = site.part.and(fields)
  site.parts.set(key, part)
  return part
}
