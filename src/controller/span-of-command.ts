import type { TraceHeaders, WorkSpan } from '../trace-work.ts'
import type { Command, Deed } from './command.ts'

/** The span of giving a command, under the trace of the deploy that it follows from. */
export function spanOfCommand(command: Command, parent: TraceHeaders | undefined): WorkSpan {
  const { app, deed } = command
  return {
    name: `command ${deed.do}`,
    kind: 'client',
    parent,
    attributes: { 'weft.application': app, ...subjectOf(deed) },
  }
}

function subjectOf(deed: Deed): Readonly<Record<string, string>> {
  switch (deed.do) {
    case 'scale':
      return { 'weft.component.id': deed.request.component_id, 'weft.host.id': deed.request.host_id }
    case 'start provider':
      return { 'weft.component.id': deed.request.provider_id, 'weft.host.id': deed.request.host_id }
    case 'stop provider':
      return { 'weft.component.id': deed.providerId, 'weft.host.id': deed.hostId }
    case 'put config':
    case 'delete config':
      return { 'weft.config': deed.name }
    default:
      return { 'weft.link': deed.link.name }
  }
}
