import type { Call } from '../call/call.ts'
import type { WitFunction } from '../wit/type.ts'
import type { OutcomeLabel } from './call-outcome.ts'
import type { RequestPart } from './call-parts.ts'
import {
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
export interface CallSite extends CallView {
  readonly call: Pick<Call, 'source' | 'target' | 'operation' | 'recipient'>
  readonly link: string
  readonly subject: CallSubject
  /** Name, kind and attributes of its spans. */
  readonly part: SpanPart
  /** With what the arguments of many calls say alike: by bucket, by name; and of requests by what these ask. */
  readonly parts: Map<string, SpanPart>
  readonly requests: RequestPart[]
  /** What its answers add to a span, by HTTP status. */
  readonly answers: Map<number, SpanPart>
  readonly isParentRemote: boolean
  readonly durations: Map<OutcomeLabel, HistogramSeries>
  /** Of its calls' waits, by the name of the timing. */
  readonly waits: Map<string, HistogramSeries>
  /** Who its spans belong to. */
  readonly resource: SpanResource
  /** Who serves its calls. */
  readonly served: SpanResource
  /** When it is asked again who these are; milliseconds since the epoch. */
  checkAt: number
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
  /** Looked through first: most calls come from few places. */
  readonly #latest: CallSite[] = []

  constructor(options: CallSitesOptions, view: CallView) {
    this.#options = options
    this.#view = view
  }

  of(call: Call, now: number): CallSite {
    const site = siteFrom(this.#latest, call) ?? this.#find(call)
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
    const known = this.#sites.get(site.call.operation.function) ?? []
    for (const sites of [this.#latest, known]) {
      const place = sites.indexOf(site)
      if (place >= 0) sites.splice(place, 1)
    }
  }

  #find(call: Call): CallSite {
    const known = this.#sites.get(call.operation.function)
    const site = (known && siteFrom(known, call)) ?? this.#add(call, known)
    if (this.#latest.length >= mostLatest) this.#latest.shift()
    this.#latest.push(site)
    return site
  }

  #add(call: Call, known: CallSite[] | undefined): CallSite {
    const view = this.#view
    const subject = subjectOf(call.operation)
    const kind = kindOf(call, view)
    const resources = this.#resources(call)
    const attributes = fixedAttributes(call, { ...view, subject }, resources.served.service)
    const { source, target, operation, recipient } = call
    const site: CallSite = {
      call: { source, target, operation, ...(recipient !== undefined && { recipient }) },
      ...view,
      link: call.context.linkName,
      subject,
      part: new SpanPart({ name: spanNameOf(call.operation), kind, attributes }),
      parts: new Map(),
      requests: [],
      answers: new Map(),
      isParentRemote: kind === 'server' || kind === 'consumer',
      durations: new Map(),
      waits: new Map(),
      ...resources,
      checkAt: 0,
    }
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

function siteFrom(sites: readonly CallSite[], call: Call): CallSite | undefined {
  for (const site of sites) {
    const { source, target, operation, recipient } = site.call
    const isSame =
      operation.function === call.operation.function &&
      source === call.source &&
      target === call.target &&
      recipient === call.recipient &&
      operation.interface === call.operation.interface &&
      site.link === call.context.linkName
    if (isSame) return site
  }
  return undefined
}

function isSame(one: SpanResource, other: SpanResource): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
