import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { nearestName } from '../manifest/nearest-name.ts'

/** The part of a host's summary that it is found by. */
export interface NamedHost {
  readonly id: string
  readonly friendly_name: string
}

/** The host that `text` names: by id, the beginning of its id, or its friendly name. `invalid` says which there are. */
export function findHost<T extends NamedHost>(hosts: readonly T[], text: string): T {
  if (text === '') throw new WeftError('invalid', 'the name of a host is empty')
  const byId = hosts.filter((host) => host.id === text)
  const byName = hosts.filter((host) => host.friendly_name === text)
  const byStart = hosts.filter((host) => host.id.startsWith(text.toUpperCase()))
  const found = [byId, byName, byStart].find((some) => some.length > 0) ?? []
  const [first] = found
  if (first && found.length === 1) return first
  throw new WeftError('invalid', found.length > 1 ? ambiguous(text, found) : unknown(text, hosts))
}

function ambiguous(text: string, found: readonly NamedHost[]): string {
  const those = found.map((host) => `${host.friendly_name} (${host.id})`).join(', ')
  return `${text} fits several hosts: ${those}`
}

function unknown(text: string, hosts: readonly NamedHost[]): string {
  if (hosts.length === 0) return `there is no host ${text}: no host answers in this lattice`
  const names = hosts.map((host) => host.friendly_name)
  const near = nearestName(text, names)
  const hint = near === undefined ? `the hosts are ${names.join(', ')}` : `did you mean ${near}?`
  return `there is no host ${text}: ${hint}`
}

/** What runs on each host that answers, or on the one that is named. */
export async function inventories(client: ControlClient, name?: string): Promise<readonly HostInventory[]> {
  const hosts = await client.ping()
  const wanted = name === undefined ? hosts : [findHost(hosts, name)]
  const found = await Promise.all(wanted.map((host) => client.inventory(host.id)))
  return found.toSorted((a, b) => a.friendly_name.localeCompare(b.friendly_name))
}
