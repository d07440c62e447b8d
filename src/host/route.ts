import type { Invoke } from '../call/call.ts'

/** What a thread knows when it decides where a call goes. */
export interface RouteOptions {
  /** Providers of this thread. */
  readonly providers: { serves(id: string): boolean }
  /** Components of this thread, with how busy the whole host is with them. */
  readonly components: { load(id: string): { readonly active: number; readonly free: boolean } | undefined }
  /** Mean invocations in flight on other hosts that run the component; undefined when none does. */
  readonly peerLoad: (component: string) => number | undefined
  /** Answers on this thread, through the chain of served calls. */
  readonly serveHere: Invoke
  /** Goes out over NATS. */
  readonly invokeRemote: Invoke
}

/**
 * Decides for each call: an instance or provider on this thread, or the lattice. A component here is taken while a permit
 * is free and this host is no busier with it than the others are; else the call goes to the queue group of all hosts that
 * run it, so that a component scaled over three hosts is used on three.
 */
export function route(options: RouteOptions): Invoke {
  return (call) => {
    if (options.providers.serves(call.target)) return options.serveHere(call)
    const load = options.components.load(call.target)
    if (!load) return options.invokeRemote(call)
    const peers = options.peerLoad(call.target)
    if (peers === undefined) return options.serveHere(call)
    return load.free && load.active <= peers ? options.serveHere(call) : options.invokeRemote(call)
  }
}
