import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { type LogQuery, requestLogs } from '../lattice/log-requests.ts'
import { nearestName } from '../manifest/nearest-name.ts'
import type { OpenLattice } from './connect-lattice.ts'
import { findHost, inventories } from './find-hosts.ts'

const applicationAnnotation = 'wasmcloud.dev/appspec'
/** So many names are told when none is near. */
const mostNames = 10

/**
 * Says why a query for log lines found none, where that is a name that nobody has: no component, provider or host of
 * the lattice runs under it, and no kept line has it. Undefined when its names are known.
 */
export async function unknownName(open: OpenLattice, query: LogQuery): Promise<string | undefined> {
  const { component, host } = query
  if (component === undefined && host === undefined) return undefined
  const hosts = await inventories(createControlClient(open))
  if (component !== undefined && !hosts.flatMap(idsOn).includes(component))
    if (!(await hasLogged(open, { component }))) return noSuchMaker(component, hosts)
  if (host !== undefined && !hosts.some((one) => one.friendly_name === host))
    if (!(await hasLogged(open, { host }))) return noSuchHost(host, hosts)
  return undefined
}

/** Also what runs no more may have logged. */
async function hasLogged(open: OpenLattice, query: LogQuery): Promise<boolean> {
  const kept = await requestLogs({ ...open, query: { ...query, limit: 1 } }).catch((error: unknown) => {
    if (WeftError.from(error).code === 'unavailable') return []
    throw error
  })
  return kept.length > 0
}

function idsOn({ components, providers }: HostInventory): readonly string[] {
  return [...components, ...providers].map(({ id }) => id)
}

function noSuchMaker(name: string, hosts: readonly HostInventory[]): string {
  const ids = [...new Set(hosts.flatMap(idsOn))].toSorted()
  const nobody = `no component or provider ${name} runs`
  if (hosts.some((host) => host.friendly_name === name || host.host_id === name))
    return `${nobody}; ${name} is a host: \`weft logs --host ${nameOf(hosts, name)}\``
  const its = hosts.flatMap((host) => idsOfApplication(host, name))
  if (its.length > 0) return `${nobody}; ${name} is the application of ${[...new Set(its)].join(', ')}`
  // Ids of a manifest's components begin with their application's name.
  const near = ids.find((id) => id.endsWith(`-${name}`)) ?? nearestName(name, ids)
  if (near !== undefined) return `${nobody}; did you mean ${near}?`
  if (ids.length === 0) return `${nobody}; nothing runs in this lattice`
  const more = ids.length > mostNames ? ` and ${ids.length - mostNames} more (\`weft get inventory\`)` : ''
  return `${nobody}; there is ${ids.slice(0, mostNames).join(', ')}${more}`
}

function idsOfApplication({ components, providers }: HostInventory, application: string): readonly string[] {
  return [...components, ...providers]
    .filter(({ annotations }) => annotations[applicationAnnotation] === application)
    .map(({ id }) => id)
}

function nameOf(hosts: readonly HostInventory[], name: string): string {
  return hosts.find((host) => host.host_id === name)?.friendly_name ?? name
}

/** Lines have their host's friendly name: an id, or the beginning of one, is told by that. */
function noSuchHost(name: string, hosts: readonly HostInventory[]): string {
  try {
    const found = findHost(
      hosts.map(({ host_id, friendly_name }) => ({ id: host_id, friendly_name })),
      name,
    )
    return `lines have their host's friendly name: \`weft logs --host ${found.friendly_name}\``
  } catch (error) {
    return WeftError.from(error).message
  }
}
