import { WeftError } from '../errors.ts'
import type { Peer } from '../lattice/beat.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import { crowdWarning, mostHosts } from '../lattice/crowd.ts'
import type { EventData } from '../lattice/event-data.ts'
import type { LatticeEvent } from '../lattice/events.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import type { Log } from '../log.ts'
import { changeHealth, hearHealth, type KnownHost, newHost, saysTheSame, viewOf } from './known-host.ts'
import type { HostView } from './lattice-view.ts'
import { nameHost } from './name-host.ts'

export interface HostsOptions {
  readonly client: Pick<ControlClient, 'ping' | 'inventory'>
  readonly log: Log
  /** Called whenever the view may have changed. */
  readonly onChange: () => void
}

/** A host without beats (not a Weft one) is given up after this silence; its heartbeat comes every 30 s. As wadm does. */
const foreignSilenceMs = 70_000
/** A Weft host that is gone is known for one so long: what of it comes late must not pass for a foreign host. */
const deadMs = 600_000
/** How soon a host that did not tell its inventory is asked again. */
const retryMs = 1_000

/**
 * The hosts of the lattice. An event only says that a host has changed: what runs there is asked of the host itself,
 * so that the peculiar events of some hosts can't mislead us.
 */
export class Hosts {
  readonly #options: HostsOptions
  readonly #hosts = new Map<string, KnownHost>()
  /** Hosts that have beaten, with when that began or ended last, the latest last; and of these the ones that beat now. */
  readonly #weft = new Map<string, number>()
  readonly #beating = new Set<string>()
  readonly #passOver: () => void

  constructor(options: HostsOptions) {
    this.#options = options
    this.#passOver = crowdWarning(options.log, 'send events')
  }

  /** Finds the hosts that are there. */
  async discover(): Promise<void> {
    const found = await this.#options.client.ping()
    await Promise.all(found.map(({ id }) => this.#ask(this.#hosts.get(id) ?? this.#put(id))))
  }

  onEvent(event: LatticeEvent): void {
    const { source } = event
    if (event.name === 'host_stopped') {
      this.#forget(source)
      return
    }
    if (event.name.startsWith('link') || event.name.startsWith('config')) return
    const host = this.#hosts.get(source) ?? this.#newcomer(source)
    if (!host) return
    host.heardAt = performance.now()
    if (event.name === 'host_heartbeat') {
      if (!this.#isNews(host, { ...event.data, host_id: source })) return
    } else if (event.name.startsWith('health_check')) {
      if (!changeHealth(host, event.name, event.data as EventData<'health_check_failed'>)) return
      host.view = undefined
      // What is on its way from the host may be from before this.
      if (this.#weft.has(source)) void this.#ask(host)
    } else {
      if (event.name === 'provider_started' || event.name === 'provider_stopped') {
        const { provider_id: provider } = event.data
        host.unhealthy.delete(provider)
        if (event.name === 'provider_started') host.unheard.add(provider)
        else host.unheard.delete(provider)
        host.view = undefined
      }
      void this.#ask(host)
      return
    }
    this.#options.onChange()
  }

  onUp({ host: id }: Peer): void {
    this.#beating.add(id)
    const host = this.#hosts.get(id) ?? this.#put(id)
    if (!this.#weft.has(id)) host.view = undefined
    this.#turned(id)
    void this.#ask(host)
  }

  onDown({ host: id }: Peer): void {
    this.#beating.delete(id)
    this.#turned(id)
    if (this.#weft.size - this.#beating.size > mostHosts) this.#forgetDead()
    this.#options.log.info('a host is gone or leaving', { host: id })
    this.#options.onChange()
  }

  /** Asks hosts again that did not answer, and gives silent ones up. Called a few times a second. */
  tick(): void {
    const now = performance.now()
    for (const [id, at] of this.#weft) {
      if (this.#beating.has(id) || now - at < deadMs) continue
      this.#weft.delete(id)
      this.#hosts.delete(id)
    }
    for (const host of this.#hosts.values()) {
      if (!this.#weft.has(host.id) && now - host.heardAt > foreignSilenceMs) this.#forget(host.id)
      else if (host.inventory === undefined && now > host.askAt && this.#lives(host)) void this.#ask(host)
    }
  }

  /** The living hosts whose inventory is known, in order of id. */
  view(): readonly HostView[] {
    return [...this.#hosts.values()]
      .flatMap((host) => {
        if (!this.#lives(host) || !host.inventory) return []
        host.view ??= viewOf(host, { inventory: host.inventory, weft: this.#weft.has(host.id) })
        return [host.view]
      })
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** What people call the host. */
  nameOf(id: string): string {
    return nameHost(id, this.#hosts.get(id)?.inventory?.friendly_name)
  }

  #lives({ id }: KnownHost): boolean {
    return !this.#weft.has(id) || this.#beating.has(id)
  }

  /** A host that has not beaten. When there are too many, those that are known stay. */
  #newcomer(id: string): KnownHost | undefined {
    const isFull = () => this.#hosts.size - this.#beating.size >= mostHosts
    if (isFull()) this.#forgetDead()
    if (!isFull()) return this.#put(id)
    this.#passOver()
    return undefined
  }

  /** The Weft host that is gone for longest. */
  #forgetDead(): void {
    for (const id of this.#weft.keys()) {
      if (this.#beating.has(id)) continue
      this.#weft.delete(id)
      this.#hosts.delete(id)
      return
    }
  }

  #turned(id: string): void {
    this.#weft.delete(id)
    this.#weft.set(id, performance.now())
  }

  #put(id: string): KnownHost {
    const host = newHost(id)
    this.#hosts.set(id, host)
    return host
  }

  #forget(id: string): void {
    this.#beating.delete(id)
    if (this.#hosts.delete(id)) this.#options.onChange()
  }

  /** Takes in what a host runs; false when that is what was known. */
  #isNews(host: KnownHost, inventory: HostInventory): boolean {
    const before = host.inventory
    host.inventory = inventory
    if (this.#weft.has(host.id)) hearHealth(host, inventory)
    if (before && saysTheSame(before, inventory)) return false
    host.view = undefined
    return true
  }

  async #ask(host: KnownHost): Promise<void> {
    // What is already on its way may have left before the change that we were told of.
    if (host.asking) {
      host.askAgain = true
      return
    }
    host.asking = true
    try {
      do {
        host.askAgain = false
        this.#isNews(host, await this.#options.client.inventory(host.id))
        host.heardAt = performance.now()
      } while (host.askAgain)
    } catch (error) {
      host.askAt = performance.now() + retryMs
      this.#options.log.debug('a host does not tell its inventory', {
        host: host.id,
        error: WeftError.from(error).message,
      })
    } finally {
      host.asking = false
    }
    this.#options.onChange()
  }
}
