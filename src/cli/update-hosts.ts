import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import { subscribeEvents } from '../lattice/events.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import type { OpenLattice } from './connect-lattice.ts'

/** How the update of a component went on one host. */
export interface UpdateOutcome {
  readonly host: string
  /** What ran there before. */
  readonly from: string
  /** Why the update failed there; what ran before goes on. */
  readonly error?: string
}

const pollMs = 100

/**
 * Gives a component another image, host by host: the next one when the one before runs it. The first failure ends it,
 * and the hosts that have the new image get the old one back.
 */
export async function updateHosts(options: {
  readonly open: OpenLattice
  readonly client: ControlClient
  readonly hosts: readonly HostInventory[]
  readonly component: string
  readonly image: string
  /** For each host. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onHost: (outcome: UpdateOutcome) => void
}): Promise<readonly UpdateOutcome[]> {
  const { hosts, component, image, onHost } = options
  const done: UpdateOutcome[] = []
  for (const host of hosts) {
    const from = host.components.find(({ id }) => id === component)?.image_ref ?? ''
    const error = await updateHost(options, host, image)
    const outcome = { host: host.friendly_name, from, ...(error !== undefined && { error }) }
    done.push(outcome)
    onHost(outcome)
    if (error === undefined) continue
    const updated = hosts.slice(0, done.length - 1)
    await Promise.all(updated.map((one, at) => updateHost(options, one, done[at]?.from ?? from)))
    break
  }
  return done
}

/** Resolves when the host runs the image, or with what was wrong. */
async function updateHost(
  { open, client, component, timeoutMs, signal }: Parameters<typeof updateHosts>[0],
  { host_id }: HostInventory,
  image: string,
): Promise<string | undefined> {
  let failure: string | undefined
  const events = subscribeEvents({
    ...open,
    onEvent({ name, source, data }) {
      if (name === 'component_scale_failed' && source === host_id && data.component_id === component)
        failure = data.error
    },
  })
  const end = performance.now() + timeoutMs
  try {
    await open.connection.flush()
    await client.update({ component_id: component, host_id, new_component_ref: image })
    while (failure === undefined) {
      const { components } = await client.inventory(host_id)
      if (components.find(({ id }) => id === component)?.image_ref === image) return undefined
      if (signal.aborted) return 'interrupted; the host goes on with it'
      if (performance.now() > end) return `did not run it within ${timeoutMs} ms`
      await delay(pollMs)
    }
    return failure
  } catch (refused) {
    return WeftError.from(refused).message
  } finally {
    events.stop()
  }
}
