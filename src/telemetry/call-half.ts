import type { Call } from '../call/call.ts'
import type { CallWatcher } from '../call/course.ts'
import type { CallSites } from './call-site.ts'
import type { EndedCalls } from './ended-calls.ts'

/** One of the sides of calls. It measures those without a span: they need nothing that is their own for that. */
export class CallHalf implements CallWatcher {
  readonly ended: EndedCalls
  readonly sites: CallSites

  constructor(ended: EndedCalls, sites: CallSites) {
    this.ended = ended
    this.sites = sites
  }

  over(call: Call): void {
    this.ended.measure(call, this.sites)
  }
}
