import type { Load, Peer } from '../lattice/beat.ts'
import type { Autoscaler } from '../manifest/read-autoscaler.ts'
import { autoscale, type Demand, type ScaleHistory, startHistory } from './autoscale.ts'

/** A component that follows its load, with the number that it is to have now. */
export interface Autoscaled {
  readonly id: string
  readonly rule: Autoscaler
  readonly instances: number
}

/** What a host has said of a component so far: calls are counted from one beat to the next. */
interface Heard {
  readonly calls: number
  readonly time: number
  readonly perSecond: number
}

const wrap = 2 ** 32

/** Follows the load of components that have an autoscaler, by what hosts say in their beats. */
export class Autoscalers {
  readonly #histories = new Map<string, ScaleHistory>()
  /** By component, then host. */
  readonly #heard = new Map<string, Map<string, Heard>>()

  /** Looks at each of them; gives those that should have another number. Time in milliseconds of any one clock. */
  look(input: {
    readonly autoscaled: readonly Autoscaled[]
    readonly peers: ReadonlyMap<string, Peer>
    readonly metric: (name: string) => number | undefined
    readonly now: number
  }): readonly Autoscaled[] {
    const { autoscaled, peers, metric, now } = input
    this.#keepOnly(new Set(autoscaled.map(({ id }) => id)))
    return autoscaled.flatMap((one) => {
      const { id, rule, instances } = one
      const name = rule.target.metric?.name
      const demand = { ...this.#demand(id, peers, now), ...(name !== undefined && { metric: metric(name) }) }
      const known = this.#histories.get(id)
      // Somebody else changed the number, such as a call that woke it: that begins anew.
      const history = known?.instances === instances ? known : startHistory(instances, now)
      // What sleeps is woken by a call, not by a look.
      const next = instances === 0 ? history : autoscale(rule, history, demand)
      this.#histories.set(id, next)
      return next.instances === instances ? [] : [{ ...one, instances: next.instances }]
    })
  }

  /** Forgets everything: another controller has led. */
  clear(): void {
    this.#histories.clear()
    this.#heard.clear()
  }

  #demand(id: string, peers: ReadonlyMap<string, Peer>, at: number): Demand {
    let inFlight = 0
    let requestsPerSecond = 0
    const heard = this.#heard.get(id) ?? new Map<string, Heard>()
    this.#heard.set(id, heard)
    for (const peer of peers.values()) {
      const load = peer.components[id]
      if (!load) {
        heard.delete(peer.host)
        continue
      }
      inFlight += load.inFlight + load.waiting
      const latest = rateOf(heard.get(peer.host), load, peer.time)
      heard.set(peer.host, latest)
      requestsPerSecond += latest.perSecond
    }
    for (const host of heard.keys()) if (!peers.has(host)) heard.delete(host)
    return { at, inFlight, requestsPerSecond }
  }

  #keepOnly(ids: ReadonlySet<string>): void {
    for (const id of [...this.#histories.keys()]) if (!ids.has(id)) this.#histories.delete(id)
    for (const id of [...this.#heard.keys()]) if (!ids.has(id)) this.#heard.delete(id)
  }
}

function rateOf(before: Heard | undefined, { calls }: Load, time: number): Heard {
  if (!before) return { calls, time, perSecond: 0 }
  if (time <= before.time) return before
  // A host that started anew counts from zero; a huge step is no load but that.
  const step = (calls - before.calls + wrap) % wrap
  const made = step > wrap / 2 ? calls : step
  return { calls, time, perSecond: (made * 1000) / (time - before.time) }
}
