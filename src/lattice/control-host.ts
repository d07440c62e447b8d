import type { TraceHeaders } from '../trace-work.ts'
import type { ControlHandlers, ControlReply } from './control.ts'
import {
  componentAuctionBody,
  deleteLabelBody,
  providerAuctionBody,
  putLabelBody,
  readBody,
  registriesBody,
  scaleBody,
  startProviderBody,
  stopHostBody,
  stopProviderBody,
  updateBody,
} from './control-bodies.ts'

/** Answers one kind of request; undefined means silence (an auction that this host does not bid in). */
export type Answer = (
  body: Uint8Array,
  name: string,
  trace?: TraceHeaders,
) => ControlReply | undefined | Promise<ControlReply | undefined>

/** The requests that concern this host alone, by `{kind}.{operation}`, with `.*` where a name follows. */
export function hostAnswers(hostId: string, handlers: ControlHandlers): Readonly<Record<string, Answer>> {
  return {
    'host.ping': () => accepted(handlers.summary()),
    'host.get.*': () => accepted(handlers.inventory()),
    'host.stop.*': (body) => stopHost({ body, hostId, handlers }),
    'component.auction': (body) => {
      const auction = readBody(body, componentAuctionBody)
      if (!handlers.bidForComponent(auction)) return undefined
      const { ref, id, constraints } = auction
      return accepted({ component_ref: ref, component_id: id, host_id: hostId, constraints })
    },
    'provider.auction': (body) => {
      const auction = readBody(body, providerAuctionBody)
      if (!handlers.bidForProvider(auction)) return undefined
      const { ref, id, constraints } = auction
      return accepted({ provider_ref: ref, provider_id: id, host_id: hostId, constraints })
    },
    'component.scale.*': (body, _, trace) => handlers.scaleComponent(readBody(body, scaleBody), trace),
    'component.update.*': (body, _, trace) => handlers.updateComponent(readBody(body, updateBody), trace),
    'provider.start.*': (body, _, trace) => handlers.startProvider(readBody(body, startProviderBody), trace),
    'provider.stop.*': (body) => handlers.stopProvider(readBody(body, stopProviderBody)),
    'label.put.*': (body) => {
      const { key, value } = readBody(body, putLabelBody)
      if (key.toLowerCase().startsWith('hostcore.')) {
        return refused('hostcore.* labels cannot be set dynamically')
      }
      return handlers.putLabel(key, value)
    },
    'label.del.*': (body) => handlers.deleteLabel(readBody(body, deleteLabelBody).key),
    'registry.put': (body) => handlers.putRegistries(readBody(body, registriesBody)),
  }
}

/** A reply that says yes; `response` is left out when there is none. */
export function accepted(response?: unknown, message = ''): ControlReply {
  return response === undefined ? { success: true, message } : { success: true, message, response }
}

/** A reply that says no, and why. */
export function refused(message: string): ControlReply {
  return { success: false, message }
}

function stopHost(request: { body: Uint8Array; hostId: string; handlers: ControlHandlers }): ControlReply {
  const empty = { host_id: '', timeout: undefined }
  const { host_id, timeout } = request.body.length === 0 ? empty : readBody(request.body, stopHostBody)
  if (host_id !== '' && host_id !== request.hostId) return refused(`invalid host_id [${host_id}]`)
  return request.handlers.stopHost(timeout)
}
