import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { crowdWarning, mostHosts } from './crowd.ts'
import { count, flag, fraction, mapOf, or, parseJson, record, text } from './shape.ts'
import { beatSubject } from './subjects.ts'

/** How busy a component is on one host. `max` is max_instances. */
export interface Load {
  readonly inFlight: number
  readonly max: number
  /** Calls that wait for an instance; 0 from hosts that don't tell. */
  readonly waiting: number
  /** Calls that ever began there, and those that ended in a trap; modulo 2^32, 0 from hosts that don't tell. */
  readonly calls: number
  readonly traps: number
}

/** A Weft host as its last beat told. */
export interface Peer {
  readonly host: string
  readonly friendlyName: string
  readonly components: Readonly<Record<string, Load>>
  /** What may end while it lives, its provider processes and its data threads: provider id or `thread 1` to the id of
   * this run. */
  readonly processes: Readonly<Record<string, string>>
  /** The share of the last second that its busiest data thread was at work: 0 to 1. */
  readonly busy: number
  /** When it beat, by its own clock: milliseconds since the epoch. */
  readonly time: number
}

const defaultIntervalMs = 1_000
/** Three beats missed and half a second of grace. */
const defaultGoneAfterMs = 3_500
/** How often silences are looked at: it adds to the time in which a loss is noticed. */
const longestStepMs = 100

const beatShape = record({
  host: text,
  friendly_name: text,
  components: or(
    mapOf(
      record({
        inFlight: or(count, 0),
        max: or(count, 0),
        waiting: or(count, 0),
        calls: or(count, 0),
        traps: or(count, 0),
      }),
    ),
    {},
  ),
  processes: or(mapOf(text), {}),
  busy: or(fraction, 0),
  time: count,
  leaving: or(flag, false),
})

/** Tells the lattice every second that this host lives and how busy it is. `stop` says goodbye, so nobody waits. */
export function startBeat(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly hostId: string
  readonly friendlyName: string
  readonly components: () => Readonly<Record<string, Load>>
  /** See `Peer.processes`; default none. */
  readonly processes?: () => Readonly<Record<string, string>>
  /** See `Peer.busy`; default 0. */
  readonly busy?: () => number
  readonly log: Log
  /** Milliseconds between two; default 1000. */
  readonly intervalMs?: number
}): {
  /** Beats between two beats: something has happened that the others should know. */
  now(): void
  stop(): void
} {
  const { connection, hostId, friendlyName, log } = options
  const subject = beatSubject(options.lattice)
  const beat = (more: { leaving?: true } = {}) => {
    if (connection.isClosed()) return
    try {
      const components = withoutZeros(options.components())
      const processes = options.processes?.() ?? {}
      const busy = options.busy?.() ?? 0
      const load = { components, processes, busy }
      const body = { host: hostId, friendly_name: friendlyName, ...load, time: Date.now(), ...more }
      connection.publish(subject, JSON.stringify(body))
    } catch (error) {
      log.error('the beat could not be published', { error: WeftError.from(error).message })
    }
  }
  beat()
  const timer = setInterval(beat, options.intervalMs ?? defaultIntervalMs)
  return {
    now: () => beat(),
    stop() {
      clearInterval(timer)
      beat({ leaving: true })
    },
  }
}

/** Most components are idle most of the time, and a beat tells of all of them: what is 0 is left out. */
function withoutZeros(components: Readonly<Record<string, Load>>): Record<string, Partial<Load>> {
  return Object.fromEntries(
    Object.entries(components).map(([id, load]) => [
      id,
      Object.fromEntries(Object.entries(load).filter(([, value]) => value !== 0)),
    ]),
  )
}

/**
 * Keeps a live map of the Weft hosts that beat, this one included. When they are too many, those that are known stay, and
 * who is new is passed over until one falls silent.
 */
export function watchBeats(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  /** Told of each beat. */
  readonly onBeat?: (peer: Peer) => void
  readonly onUp?: (peer: Peer) => void
  /** `left` said goodbye and may still finish what it has; `silent` is gone or cut off. */
  readonly onDown?: (peer: Peer, how: 'left' | 'silent') => void
  /** A run of a provider is gone; `isLast` when none of that provider is known any more. */
  readonly onProcessGone?: (gone: { provider: string; run: string; isLast: boolean }) => void
  /** Milliseconds of silence after which a peer is gone; default 3500. */
  readonly goneAfterMs?: number
}): { readonly peers: ReadonlyMap<string, Peer>; stop(): void } {
  const { connection, log, onBeat, onUp, onDown, goneAfterMs = defaultGoneAfterMs } = options
  const peers = new Map<string, Peer>()
  const passOver = crowdWarning(log, 'beat')
  const silences = new Silences(goneAfterMs, (host) => drop(host, 'silent'))
  const drop = (host: string, how: 'left' | 'silent') => {
    const peer = peers.get(host)
    silences.forget(host)
    if (!peers.delete(host) || !peer) return
    onDown?.(peer, how)
    if (how === 'silent') tellGone(peer.processes)
  }
  const tellGone = (before: Peer['processes'], now: Peer['processes'] = {}) => {
    for (const [provider, run] of Object.entries(before)) {
      if (now[provider] === run) continue
      const isLast = ![...peers.values()].some(({ processes }) => Object.hasOwn(processes, provider))
      options.onProcessGone?.({ provider, run, isLast })
    }
  }
  const subscription = subscribeGuarded(connection, beatSubject(options.lattice), {
    log,
    onMessage: (message) => {
      const { friendly_name, leaving, ...rest } = parseJson(message.data, beatShape)
      if (leaving) return drop(rest.host, 'left')
      const peer: Peer = { ...rest, friendlyName: friendly_name }
      const before = peers.get(peer.host)
      if (!before && peers.size >= mostHosts) return passOver()
      peers.set(peer.host, peer)
      silences.heard(peer.host)
      onBeat?.(peer)
      if (before) tellGone(before.processes, peer.processes)
      else onUp?.(peer)
    },
  })
  const stop = () => {
    subscription.unsubscribe()
    silences.stop()
  }
  return { peers, stop }
}

/** Calls `onSilent` for each host that was heard and then no more. */
class Silences {
  readonly #heardAt = new Map<string, number>()
  readonly #timer: NodeJS.Timeout

  constructor(limitMs: number, onSilent: (host: string) => void) {
    const stepMs = Math.min(limitMs / 7, longestStepMs)
    let before = performance.now()
    this.#timer = setInterval(() => {
      const now = performance.now()
      const late = now - before - stepMs
      before = now
      // We stood still ourselves: beats wait unread in the socket, and their senders are not to blame.
      if (late > limitMs / 7) this.#forgive(late)
      for (const [host, at] of this.#heardAt) if (now - at > limitMs) onSilent(host)
    }, stepMs)
    // The connection keeps its process alive, this need not.
    this.#timer.unref()
  }

  heard(host: string): void {
    this.#heardAt.set(host, performance.now())
  }

  forget(host: string): void {
    this.#heardAt.delete(host)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #forgive(lateMs: number): void {
    for (const [host, at] of this.#heardAt) this.#heardAt.set(host, at + lateMs)
  }
}
