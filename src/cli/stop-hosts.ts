import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { HostSummary } from '../lattice/inventory.ts'

/** Longer than the grace time that a host gives to calls in flight. */
export const stopLimitMs = 25_000
const pollMs = 50

/**
 * Asks hosts to stop and waits until none of them answers, telling of each one that has gone. What goes wrong with one
 * is thrown when all others have stopped.
 */
export async function stopHosts(options: {
  readonly client: ControlClient
  readonly hosts: readonly HostSummary[]
  readonly signal: AbortSignal
  readonly onStopped: (host: HostSummary) => void
}): Promise<void> {
  const { client, hosts, signal, onStopped } = options
  const refused: string[] = []
  const ask = async (host: HostSummary) => {
    try {
      await client.stopHost(host.id)
      return [host]
    } catch (error) {
      refused.push(`${host.friendly_name}: ${WeftError.from(error).message}`)
      return []
    }
  }
  let left = (await Promise.all(hosts.map(ask))).flat()
  const end = Date.now() + stopLimitMs
  while (left.length > 0) {
    const alive = new Set((await client.ping()).map((host) => host.id))
    for (const host of left) if (!alive.has(host.id)) onStopped(host)
    left = left.filter((host) => alive.has(host.id))
    if (left.length > 0 && Date.now() > end) throw new WeftError('deadline', late(left))
    if (left.length > 0) await pause(signal)
  }
  if (refused.length > 0) throw new WeftError('unavailable', refused.join('; '))
}

/** Waits for the next look; Ctrl-C ends the wait, not what was asked for. */
export async function pause(signal: AbortSignal): Promise<void> {
  await delay(pollMs, undefined, { signal }).catch((cause: unknown) => {
    throw new WeftError('cancelled', 'interrupted; what was asked to stop goes on stopping', { cause })
  })
}

function late(left: readonly HostSummary[]): string {
  return `not stopped within ${stopLimitMs} ms: ${left.map((host) => host.friendly_name).join(', ')}`
}
