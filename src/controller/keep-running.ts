import type { Command } from './command.ts'
import { findRunning, type HostView } from './lattice-view.ts'

/**
 * The command that gives a component another number of instances and leaves its version as it is; for a host whose turn
 * has not come while load or a hand asks for more. Undefined when nothing differs, or the host does not tell all it takes.
 */
export function keptVersion(command: Command, hosts: readonly HostView[]): Command | undefined {
  const { deed } = command
  if (deed.do !== 'scale' || deed.request.count === 0) return undefined
  const { component_id: id, host_id, count } = deed.request
  const host = hosts.find((one) => one.id === host_id)
  const running = host && findRunning(host, { kind: 'component', id })
  if (!running || !('max_instances' in running) || !running.config || running.max_instances === count)
    return undefined
  const request = {
    component_id: id,
    host_id,
    count,
    component_ref: running.image_ref,
    annotations: running.annotations,
    config: running.config,
    allow_update: false,
  }
  return { ...command, deed: { do: 'scale', request } }
}
