import type { Call } from '../call/call.ts'
import type { WitFunction } from '../wit/type.ts'
import type { OutcomeLabel } from './call-outcome.ts'
import type { RequestPart } from './call-parts.ts'
import {
  type CallSide,
  type CallSubject,
  type CallView,
  fixedAttributes,
  kindOf,
  spanNameOf,
  subjectOf,
} from './describe-call.ts'
import type { HistogramSeries } from './series.ts'
import type { SpanResource } from './span.ts'
import { SpanPart } from './span-draft.ts'

/** What is the same for every call from here to there: its part of a span, and its durations by outcome. */
export class CallSite implements CallView {
  // What calls are compared with it has itself, in a row: each object on the way there costs as much as all the comparing.
  readonly source: string
  readonly target: string
  readonly recipient: string | undefined
  readonly function: WitFunction
  readonly interface: string
  readonly link: string
  /** The durations of those calls that were answered well, and by outcome those of the others. */
  answered: HistogramSeries | undefined
  readonly failed = new Map<OutcomeLabel, HistogramSeries>()
  readonly side: CallSide
  readonly isWhole: boolean
  readonly subject: CallSubject
  /** Name, kind and attributes of its spans. */
  readonly part: SpanPart
  /** With what the arguments of many calls say alike: by bucket, by name; and of requests by what these ask. */
  readonly parts = new Map<string, SpanPart>()
  readonly requests: RequestPart[] = []
  /** What its answers add to a span, by HTTP status. */
  readonly answers = new Map<number, SpanPart>()
  readonly isParentRemote: boolean
  /** Of its calls' waits, by the name of the timing. */
  readonly waits = new Map<string, HistogramSeries>()
  /** Who its spans belong to. */
  readonly resource: SpanResource
  /** Who serves its calls. */
  readonly served: SpanResource
  /** When it is asked again who these are; milliseconds since the epoch. */
  checkAt = 0

  constructor(call: Call, view: CallView, { resource, served }: Pick<CallSite, 'resource' | 'served'>) {
    const { operation } = call
    this.source = call.source
    this.target = call.target
    this.recipient = call.recipient
    this.function = operation.function
    this.interface = operation.interface
    this.link = call.context.linkName
    this.side = view.side
    this.isWhole = view.isWhole
    this.subject = subjectOf(operation)
    const kind = kindOf(call, view)
    const attributes = fixedAttributes(call, this, served.service)
    this.part = new SpanPart({ name: spanNameOf(operation), kind, attributes })
    this.isParentRemote = kind === 'server' || kind === 'consumer'
    this.resource = resource
    this.served = served
  }

  /** True for a call from here to there. */
  has({ source, target, recipient, operation, context }: Call): boolean {
    return (
      operation.function === this.function &&
      source === this.source &&
      target === this.target &&
      recipient === this.recipient &&
      operation.interface === this.interface &&
      context.linkName === this.link
    )
  }
}

export interface CallSitesOptions {
  /** The service of a component or provider, known or not; must not throw. */
  readonly resourceOf: (id: string) => SpanResource
  /** Whether a component runs on this thread. */
  readonly runsHere: (component: string) => boolean
}

/** A new image or name of a component shows on spans after at most so long. */
const resourceMs = 1000
/** Callers come by their id, which foreign peers may make up. */
const mostSites = 64
const mostLatest = 4

/** Remembers the sites that calls come from: describing a call anew would cost more than all the rest of its span. */
export class CallSites {
  readonly #options: CallSitesOptions
  readonly #view: CallView
  readonly #sites = new WeakMap<WitFunction, CallSite[]>()
  /** Looked at first: most calls come from few places. */
  readonly #latest: CallSite[] = []
  #last: CallSite | undefined

  constructor(options: CallSitesOptions, view: CallView) {
    this.#options = options
    this.#view = view
  }

  /** The site of a call. Whose it is may have changed since somebody asked `of`: metrics have ids, no names. */
  byIds(call: Call): CallSite {
    const last = this.#last
    if (last?.has(call)) return last
    const site = this.#latest.find((one) => one.has(call)) ?? this.#find(call)
    this.#last = site
    return site
  }

  /** The same, and whose it is is not older than a second; `now` is in milliseconds since the epoch. */
  of(call: Call, now: number): CallSite {
    const site = this.byIds(call)
    return now < site.checkAt ? site : this.#checked(site, call, now)
  }

  #checked(site: CallSite, call: Call, now: number): CallSite {
    const { resource, served } = this.#resources(call)
    const isTrue = isSame(resource, site.resource) && isSame(served, site.served)
    if (!isTrue) this.#forget(site)
    const checked = isTrue ? site : this.#find(call)
    checked.checkAt = now + resourceMs
    return checked
  }

  #forget(site: CallSite): void {
    this.#last = undefined
    for (const sites of [this.#latest, this.#sites.get(site.function) ?? []]) {
      const place = sites.indexOf(site)
      if (place >= 0) sites.splice(place, 1)
    }
  }

  #find(call: Call): CallSite {
    const known = this.#sites.get(call.operation.function)
    const site = known?.find((one) => one.has(call)) ?? this.#add(call, known)
    if (this.#latest.length >= mostLatest) this.#latest.shift()
    this.#latest.push(site)
    return site
  }

  #add(call: Call, known: CallSite[] | undefined): CallSite {
    const site = new CallSite(call, this.#view, this.#resources(call))
    const sites = known ?? []
    if (!known) this.#sites.set(call.operation.function, sites)
    if (sites.length >= mostSites) sites.shift()
    sites.push(site)
    return site
  }

  /** What enters for a component that runs here enters its service, not that of who let it in. */
  #resources({ source, target, recipient }: Call): Pick<CallSite, 'resource' | 'served'> {
    const { resourceOf, runsHere } = this.#options
    const served = resourceOf(target)
    if (this.#view.side === 'client') return { resource: resourceOf(source), served }
    const isHere = recipient !== undefined && runsHere(recipient)
    return { resource: isHere ? resourceOf(recipient) : served, served }
  }
}

function isSame(one: SpanResource, other: SpanResource): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
