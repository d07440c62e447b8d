import { type Call, chain, entering, type Interceptor, type Invoke } from '../call/call.ts'
import { limitTime } from '../call/limit-time.ts'
import type { Instruments } from './instruments.ts'
import { type RouteOptions, route } from './route.ts'
import type { Spies } from './spies.ts'

/** What is around the calls of a thread, and where they may go. */
export interface ThreadCallsOptions extends RouteOptions {
  readonly instruments: Pick<Instruments, 'client' | 'server' | 'whole'>
  readonly spies: Spies
}

/** The ways of calls on a thread. */
export interface ThreadCalls {
  /** Of calls that components and providers of the thread make. */
  readonly invoke: Readonly<Record<'component' | 'provider', Invoke>>
  /** Of calls that came over NATS for who runs here. */
  readonly serve: Invoke
  /** Of what a provider brings in from outside the lattice: `next` hands it on. */
  readonly enter: (call: Call, next: Invoke) => Promise<unknown>
  /** Of calls that leave a component and are answered without being routed. */
  readonly leaving: (answer: Invoke) => Invoke
}

/** Puts together the two chains that every call passes: where it leaves its source, and where its target gets it. */
export function threadCalls(options: ThreadCallsOptions): ThreadCalls {
  const { instruments, spies, providers, toComponent, toProvider } = options
  const limit = limitTime()
  const leaving = (answer: Invoke) => chain([...instruments.client, limit], answer)
  const got = (around: readonly Interceptor[]) => [...around, spies.interceptor, limit]
  const fromOutside = got(instruments.server)
  /** Who calls and who is called are known here, so that no call need be looked at for that. */
  const invokeOf = (around: Readonly<Record<'toComponent' | 'toProvider', readonly Interceptor[]>>) =>
    leaving(
      route({
        ...options,
        toComponent: chain(got(around.toComponent), toComponent),
        toProvider: chain(got(around.toProvider), toProvider),
      }),
    )
  const { server, whole } = instruments
  return {
    invoke: {
      component: invokeOf({ toComponent: server, toProvider: whole.client }),
      provider: invokeOf({ toComponent: whole.server, toProvider: server }),
    },
    serve: chain(fromOutside, (call) =>
      providers.serves(call.target) ? toProvider(call) : toComponent(call),
    ),
    enter: entering(fromOutside),
    leaving,
  }
}
