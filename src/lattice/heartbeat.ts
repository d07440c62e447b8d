import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { PublishEvent } from './events.ts'
import type { HostInventory } from './inventory.ts'

/** wasmCloud's interval; wadm forgets a host that is silent for 70 s. */
const defaultIntervalMs = 30_000

/** Publishes `host_heartbeat` with the inventory, the first time one interval from now. */
export function startHeartbeat(options: {
  readonly publishEvent: PublishEvent
  readonly inventory: () => HostInventory
  readonly log: Log
  /** Milliseconds between two; default 30000. */
  readonly intervalMs?: number
}): { stop(): void } {
  const timer = setInterval(() => {
    try {
      options.publishEvent('host_heartbeat', options.inventory())
    } catch (error) {
      // An inventory larger than the server's max_payload ends here; the host must outlive it.
      options.log.error('the heartbeat could not be published', { error: WeftError.from(error).message })
    }
  }, options.intervalMs ?? defaultIntervalMs)
  return { stop: () => clearInterval(timer) }
}
