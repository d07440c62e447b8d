import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Bucket } from './bucket.ts'
import { count, parseJson, record, text } from './shape.ts'

/** One of several takes the lead and keeps it while it lives. */
export interface Lease {
  /** True while this one may act. It says no by itself before another one could begin. */
  held(): boolean
  /** Gives the lease back, so that another one need not wait. */
  stop(): Promise<void>
}

export interface HoldLeaseOptions {
  readonly bucket: Bucket
  readonly key: string
  /** Who we are; unique among all that want the lease. */
  readonly holder: string
  readonly log: Log
  /** Called when the lease was won. */
  readonly onHeld: () => void
  /** How often it is renewed or looked at, in ms; default 1000. Silence of three times this loses it. */
  readonly renewMs?: number
}

const defaultRenewMs = 1_000
const leaseShape = record({ holder: text, renewal: count })

/**
 * Joins the race for a lease. Clocks of different machines are never compared: a lease is free when this process has
 * seen it unchanged for three renewals. The holder stops acting after two without a successful renewal.
 */
export async function holdLease(options: HoldLeaseOptions): Promise<Lease> {
  const lease = new LeaseRace(options)
  await lease.start()
  return lease
}

class LeaseRace implements Lease {
  readonly #options: HoldLeaseOptions
  readonly #renewMs: number
  #renewedAt = Number.NEGATIVE_INFINITY
  #seen = { text: '', since: 0 }
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(options: HoldLeaseOptions) {
    this.#options = options
    this.#renewMs = options.renewMs ?? defaultRenewMs
  }

  async start(): Promise<void> {
    await this.#renew()
    this.#timer = setInterval(() => {
      this.#turn = this.#turn.then(() => this.#renew())
    }, this.#renewMs)
  }

  held(): boolean {
    return !this.#stopped && performance.now() - this.#renewedAt < 2 * this.#renewMs
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    const held = this.held()
    this.#stopped = true
    await this.#turn
    if (held) await this.#giveBack()
  }

  async #renew(): Promise<void> {
    const { bucket, key, holder, log, onHeld } = this.#options
    if (this.#stopped) return
    const wasHeld = this.held()
    const askedAt = performance.now()
    let won = false
    try {
      await bucket.change(key, (bytes) => {
        won = this.#isFree(bytes)
        return won ? JSON.stringify({ holder, renewal: renewalOf(bytes) + 1 }) : undefined
      })
    } catch (error) {
      log.warn('the lease of the controller could not be renewed', { error: WeftError.from(error).message })
      return
    }
    if (!won) return
    this.#renewedAt = askedAt
    if (wasHeld) return
    log.info('this controller leads', { holder })
    onHeld()
  }

  #isFree(bytes: Uint8Array | undefined): boolean {
    const now = performance.now()
    const content = bytes === undefined ? '' : new TextDecoder().decode(bytes)
    if (content !== this.#seen.text) this.#seen = { text: content, since: now }
    const holder = holderOf(bytes)
    if (holder === undefined || holder === '' || holder === this.#options.holder) return true
    return now - this.#seen.since > 3 * this.#renewMs
  }

  async #giveBack(): Promise<void> {
    const { bucket, key, holder, log } = this.#options
    try {
      await bucket.change(key, (bytes) =>
        holderOf(bytes) === holder
          ? JSON.stringify({ holder: '', renewal: renewalOf(bytes) + 1 })
          : undefined,
      )
    } catch (error) {
      log.debug('the lease could not be given back; it ends by itself', {
        error: WeftError.from(error).message,
      })
    }
  }
}

function holderOf(bytes: Uint8Array | undefined): string | undefined {
  return readLease(bytes)?.holder
}

function renewalOf(bytes: Uint8Array | undefined): number {
  return readLease(bytes)?.renewal ?? 0
}

function readLease(bytes: Uint8Array | undefined): { holder: string; renewal: number } | undefined {
  try {
    return bytes === undefined ? undefined : parseJson(bytes, leaseShape)
  } catch {
    return undefined
  }
}
