import type { HostView } from './lattice-view.ts'

/** What people know a host by, and enough of its id to tell two of one name apart: `brave-maple (NABCDEFG)`. */
export function nameHost(id: string, name: string | undefined): string {
  const short = id.slice(0, 8)
  return name === undefined ? short : `${name} (${short})`
}

/** A target for people: where it is on a host, that has its name. */
export function nameTarget(target: string, hosts: readonly Pick<HostView, 'id' | 'name'>[]): string {
  const [, what, id] = /^(.* on )(\S+)$/.exec(target) ?? []
  if (what === undefined || id === undefined) return target
  return `${what}${nameHost(id, hosts.find((host) => host.id === id)?.name)}`
}
