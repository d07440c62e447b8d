import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { HostInventory, HostSummary } from '../lattice/inventory.ts'
import { nearestName } from '../manifest/nearest-name.ts'

/** The host that `text` names: by id, the beginning of its id, or its friendly name. */
export function findHost(hosts: readonly HostSummary[], text: string): HostSummary {
  const exact = hosts.find((host) => host.id === text || host.friendly_name === text)
  if (exact) return exact
  const [first, second] = hosts.filter((host) => host.id.startsWith(text.toUpperCase()))
  if (first && !second) return first
  const names = hosts.map((host) => host.friendly_name)
  const near = nearestName(text, names)
  const hint = near === undefined ? `the hosts are ${names.join(', ') || 'none'}` : `did you mean ${near}?`
  throw new WeftError(
    'invalid',
    `${second ? `${text} fits several hosts` : `there is no host ${text}`}: ${hint}`,
  )
}

/** What runs on each host that answers, or on the one that is named. */
export async function inventories(client: ControlClient, name?: string): Promise<readonly HostInventory[]> {
  const hosts = await client.ping()
  const wanted = name === undefined ? hosts : [findHost(hosts, name)]
  const found = await Promise.all(wanted.map((host) => client.inventory(host.id)))
  return found.toSorted((a, b) => a.friendly_name.localeCompare(b.friendly_name))
}
