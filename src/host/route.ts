import { type Call, type Invoke, operationName } from '../call/call.ts'
import { WeftError } from '../errors.ts'
import type { PeerLoad } from './thread-messages.ts'

/** What a thread knows when it decides where a call goes. */
export interface RouteOptions {
  /** Providers of this thread. */
  readonly providers: { serves(id: string): boolean }
  /** Components of this thread, with how busy the whole host is with them. */
  readonly components: { load(id: string): { readonly active: number; readonly free: boolean } | undefined }
  /** How busy other hosts that run the component are; undefined when none does. */
  readonly peerLoad: (component: string) => PeerLoad | undefined
  /** The share of the last second that this thread was at work: 0 to 1. */
  readonly busy: () => number
  /** Answer on this thread, through the chain of served calls. */
  readonly toProvider: Invoke
  readonly toComponent: Invoke
  /** Goes out over NATS. */
  readonly invokeRemote: Invoke
}

function resourcesStay({ target, operation }: Call): string {
  return (
    `${operationName(operation)} passes resources, which do not cross the lattice, and component ${target} ` +
    'does not run on this host: run both on the same hosts, or compose them into one component'
  )
}

/** A thread that works this share of its time has requests waiting that nobody has counted yet. */
const saturated = 0.8
/** Peers must be so much less busy before work is sent to them for that reason. */
const margin = 0.2

/**
 * Decides for each call: an instance or provider on this thread, or the lattice. A component here is taken while a permit
 * is free and this host is no busier with it than the others are; else the call goes to the queue group of all hosts that
 * run it, so that a component scaled over three hosts is used on three.
 */
export function route(options: RouteOptions): Invoke {
  return (call) => {
    if (options.providers.serves(call.target)) return options.toProvider(call)
    const load = options.components.load(call.target)
    if (call.session) {
      if (load) return options.toComponent(call)
      return Promise.reject(new WeftError('unavailable', resourcesStay(call)))
    }
    if (!load) return options.invokeRemote(call)
    const peers = options.peerLoad(call.target)
    if (peers === undefined) return options.toComponent(call)
    const busy = options.busy()
    const isBusier = load.active > peers.inFlight || (busy > saturated && peers.busy < busy - margin)
    return load.free && !isBusier ? options.toComponent(call) : options.invokeRemote(call)
  }
}
