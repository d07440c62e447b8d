import type { Call } from '../call/call.ts'
import type { WitFunction } from '../wit/type.ts'
import type { OutcomeLabel } from './call-outcome.ts'
import type { RequestPart } from './call-parts.ts'
import {
  type CallSide,
  type CallSubject,
  fixedAttributes,
  kindOf,
  spanNameOf,
  subjectOf,
} from './describe-call.ts'
import type { HistogramSeries } from './series.ts'
import type { SpanResource } from './span.ts'
import { SpanPart } from './span-draft.ts'

/** What is the same for every call from here to there: its part of a span, and its durations by outcome. */
export interface CallSite {
  readonly call: Pick<Call, 'source' | 'target' | 'operation'>
  readonly side: CallSide
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
  /** The component or provider whose side this is. */
  readonly owner: string
  readonly durations: Map<OutcomeLabel, HistogramSeries>
  /** Of its calls' waits, by the name of the timing. */
  readonly waits: Map<string, HistogramSeries>
  resource: SpanResource
  resourceUntil: number
}

export interface CallSitesOptions {
  readonly side: CallSide
  /** The service of a component or provider, known or not; must not throw. */
  readonly resourceOf: (id: string) => SpanResource
}

/** A new image or name of a component shows on spans after at most so long. */
const resourceMs = 1000
/** Callers come by their id, which foreign peers may make up. */
const mostSites = 64
const mostLatest = 4

/** Remembers the sites that calls come from: describing a call anew would cost more than all the rest of its span. */
export class CallSites {
  readonly #options: CallSitesOptions
  readonly #sites = new WeakMap<WitFunction, CallSite[]>()
  /** Looked through first: most calls come from few places. */
  readonly #latest: CallSite[] = []

  constructor(options: CallSitesOptions) {
    this.#options = options
  }

  of(call: Call, now: number): CallSite {
    const site = siteFrom(this.#latest, call) ?? this.#find(call)
    if (now > site.resourceUntil) {
      const resource = this.#options.resourceOf(site.owner)
      if (!isSame(resource, site.resource)) site.resource = resource
      site.resourceUntil = now + resourceMs
    }
    return site
  }

  #find(call: Call): CallSite {
    const known = this.#sites.get(call.operation.function)
    const site = (known && siteFrom(known, call)) ?? this.#add(call, known)
    if (this.#latest.length >= mostLatest) this.#latest.shift()
    this.#latest.push(site)
    return site
  }

  #add(call: Call, known: CallSite[] | undefined): CallSite {
    const { side, resourceOf } = this.#options
    const subject = subjectOf(call.operation)
    const owner = side === 'client' ? call.source : call.target
    const kind = kindOf(call, side)
    const attributes = fixedAttributes(call, side, subject)
    const site: CallSite = {
      call: { source: call.source, target: call.target, operation: call.operation },
      side,
      link: call.context.linkName,
      subject,
      part: new SpanPart({ name: spanNameOf(call.operation), kind, attributes }),
      parts: new Map(),
      requests: [],
      answers: new Map(),
      isParentRemote: kind === 'server' || kind === 'consumer',
      owner,
      durations: new Map(),
      waits: new Map(),
      resource: resourceOf(owner),
      resourceUntil: 0,
    }
    const sites = known ?? []
    if (!known) this.#sites.set(call.operation.function, sites)
    if (sites.length >= mostSites) sites.shift()
    sites.push(site)
    return site
  }
}

function siteFrom(sites: readonly CallSite[], call: Call): CallSite | undefined {
  for (const site of sites) {
    const { source, target, operation } = site.call
    const isSame =
      operation.function === call.operation.function &&
      source === call.source &&
      target === call.target &&
      operation.interface === call.operation.interface &&
      site.link === call.context.linkName
    if (isSame) return site
  }
  return undefined
}

function isSame(one: SpanResource, other: SpanResource): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
