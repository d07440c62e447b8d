import type { Call } from '../call/call.ts'
import type { CallOutcome } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import { type CallSide, messageOf, ownAttributes, ownName } from './describe-call.ts'
import { messageFields } from './message-attributes.ts'
import { type SpanFields, SpanPart } from './span-draft.ts'

/** HTTP methods and status codes that are well known are fewer. */
const mostKept = 64

/**
 * The parts of the spans of calls. A request passes several calls with the same arguments, and most answers say the same:
 * their parts are made once.
 */
export class CallParts {
  #arguments: unknown
  #own: SpanFields | undefined
  readonly #statuses = new Map<unknown, SpanPart>()

  /** Name, kind and what is the same for every call from here to there. */
  fixed(call: Call, side: CallSide, site: CallSite): SpanPart {
    const name = ownName(call, side, site)
    if (name === undefined) return site.part
    const known = site.namedParts.get(name)
    if (known) return known
    const part = new SpanPart({ ...site.part.fields, name })
    if (site.namedParts.size < mostKept) site.namedParts.set(name, part)
    return part
  }

  /** What the arguments say. Who hands a request on says nothing of it that its own span of it does not say. */
  own(call: Call, side: CallSide, { subject }: CallSite): SpanFields | undefined {
    const message = messageOf(call, side)
    if (message) return messageFields(call, message)
    if (subject === 'other' || (subject === 'http-in' && side === 'client')) return undefined
    const [first] = call.args
    const isObject = typeof first === 'object' && first !== null
    if (isObject && this.#arguments === first) return this.#own
    const part = { attributes: ownAttributes(call, subject) }
    if (isObject) {
      this.#arguments = first
      this.#own = part
    }
    return part
  }

  /** How the call ended. */
  outcome({ status, attributes, events }: CallOutcome): SpanPart | SpanFields | undefined {
    const isPlain = status.code === 'unset' && events.length === 0
    const names = Object.keys(attributes)
    if (isPlain && names.length === 0) return undefined
    const [name = ''] = names
    const key = isPlain && names.length === 1 ? attributes[name] : undefined
    if (typeof key !== 'number') return { status, attributes, events }
    const known = this.#statuses.get(key)
    if (known) return known
    const part = new SpanPart({ status, attributes, events })
    if (this.#statuses.size < mostKept) this.#statuses.set(key, part)
    return part
  }
}
