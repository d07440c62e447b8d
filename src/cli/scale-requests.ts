import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WeftError } from '../errors.ts'
import type { ScaleRequest } from '../lattice/control.ts'
import type { ComponentDescription, HostInventory } from '../lattice/inventory.ts'
import { nearestName } from '../manifest/nearest-name.ts'
import { findHost } from './find-hosts.ts'

export interface WantedScale {
  readonly id: string
  readonly count: number
  /** Only this host, by name or id. */
  readonly host?: string
  readonly allHosts: boolean
  /** A file or a reference; what runs is kept when it is left out. */
  readonly ref?: string
  /** Names of config; what runs keeps its own when it is left out. */
  readonly config?: readonly string[]
}

/** A request and the host that it goes to. */
export interface HostScale {
  readonly host: HostInventory
  readonly request: ScaleRequest
}

/** What to ask of which hosts: the one that is named, all, or those that run the component; else any one. */
export function scaleRequests(hosts: readonly HostInventory[], wanted: WantedScale): readonly HostScale[] {
  if (hosts.length === 0) throw new WeftError('unavailable', 'no host answers in this lattice')
  const { id, count } = wanted
  const running = hosts.filter((host) => componentOn(host, id))
  const model = running.map((host) => componentOn(host, id))[0]
  const chosen = hostsFor(hosts, running, wanted)
  const concerned = count === 0 ? chosen.filter((host) => componentOn(host, id)) : chosen
  if (concerned.length === 0) throw new WeftError('not_found', notRunning(hosts, running, wanted))
  const ref = wanted.ref === undefined ? undefined : absoluteRef(wanted.ref)
  return concerned.map((host) => {
    const like = componentOn(host, id) ?? model
    const component_ref = ref ?? like?.image_ref
    if (component_ref === undefined) {
      const problem = notRunning(hosts, running, wanted)
      throw new WeftError('invalid', `${problem}; to start it, say which component it is with --ref FILE`)
    }
    return {
      host,
      request: {
        component_ref,
        component_id: id,
        annotations: like?.annotations ?? {},
        count,
        host_id: host.host_id,
        config: wanted.config ?? like?.config ?? [],
        allow_update: ref !== undefined,
        ...(like?.limits && { component_limits: like.limits }),
      },
    }
  })
}

function componentOn(host: HostInventory, id: string): ComponentDescription | undefined {
  return host.components.find((one) => one.id === id)
}

function hostsFor(
  hosts: readonly HostInventory[],
  running: readonly HostInventory[],
  { host, allHosts }: WantedScale,
): readonly HostInventory[] {
  if (host !== undefined) {
    return [
      findHost(
        hosts.map((each) => ({ ...each, id: each.host_id })),
        host,
      ),
    ]
  }
  if (allHosts) return hosts
  return running.length > 0 ? running : hosts.slice(0, 1)
}

function notRunning(
  hosts: readonly HostInventory[],
  running: readonly HostInventory[],
  { id, host }: WantedScale,
): string {
  if (running.length > 0) {
    return `${id} does not run on ${host}; it runs on ${running.map((one) => one.friendly_name).join(', ')}`
  }
  const known = new Set(hosts.flatMap((one) => one.components.map((component) => component.id)))
  const near = nearestName(id, known)
  return `${id} runs on no host${near === undefined ? '' : `; did you mean ${near}?`}`
}

/** A file as a reference that hosts understand; another reference as it is. */
export function absoluteRef(text: string): string {
  if (/^file:\/\/(?!\/)/i.test(text)) return pathToFileURL(resolve(text.slice('file://'.length))).href
  if (/^[a-z+]+:\/\//i.test(text) || !/\.wasm$|^[./]/.test(text)) return text
  return pathToFileURL(resolve(text)).href
}
