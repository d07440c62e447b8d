import { chain, entering, type Interceptor, type Invoke } from '../call/call.ts'
import { limitTime } from '../call/limit-time.ts'
import { watchBeats } from '../lattice/beat.ts'
import type { connectNats } from '../lattice/connect.ts'
import type { HostData } from '../lattice/host-data.ts'
import { requestWake } from '../lattice/wake.ts'
import { Wakes } from '../lattice/wakes.ts'
import type { Log } from '../log.ts'
import type { ProviderContext } from '../provider.ts'
import type { WitInterface } from '../wit/type.ts'
import { openInbox } from '../wrpc/inbox.ts'
import { invokeOver } from '../wrpc/invoke.ts'
import { foreignServer, LostHosts } from '../wrpc/lost-hosts.ts'
import { type Serving, serveOperations } from '../wrpc/serve.ts'

export type Connection = Awaited<ReturnType<typeof connectNats>>

/** What is put around calls: `client` around those that the provider makes, `server` around those it gets. */
export interface AroundCalls {
  readonly client: readonly Interceptor[]
  readonly server: readonly Interceptor[]
}

export interface ProviderCalls extends Pick<ProviderContext, 'invoke' | 'enter'> {
  serve(interfaces: readonly WitInterface[], dispatch: Invoke): Promise<Serving>
  stop(): void
}

/** wasmCloud's default for a call without a deadline. */
const defaultCallTimeoutMs = 600_000

/** The two ways of calls in a provider process: what it calls goes out over NATS, what it gets passes the same chain. */
export function openCalls(options: {
  readonly data: Pick<HostData, 'lattice_rpc_prefix' | 'provider_key' | 'instance_id'>
  readonly connection: Connection
  readonly around: AroundCalls
  readonly log: Log
}): ProviderCalls {
  const { data, connection, around, log } = options
  const lattice = data.lattice_rpc_prefix
  const inbox = openInbox(connection)
  const lostHosts = new LostHosts()
  const beats = watchBeats({
    connection,
    lattice,
    log,
    onDown(peer, how) {
      if (how === 'silent') lostHosts.lost(peer.host)
    },
    onProcessGone({ provider, run, isLast }) {
      lostHosts.lost(run)
      if (isLast) lostHosts.lost(foreignServer(provider))
    },
  })
  const wakes: Wakes = new Wakes((target) => {
    void requestWake({ connection, lattice, target }).then((answer) => wakes.answered(target, answer))
  })
  const limit = limitTime()
  const enter = entering([...around.server, limit])
  return {
    invoke: chain(
      [...around.client, limit],
      invokeOver({
        connection,
        inbox,
        lattice,
        log,
        lostHosts,
        whenNobody: (target, notFound) => wakes.wait(target, notFound),
      }),
    ),
    enter,
    serve: (interfaces, dispatch) =>
      serveOperations({
        connection,
        inbox,
        lattice,
        id: data.provider_key,
        // Callers watch for the end of this very run.
        acceptor: data.instance_id,
        interfaces,
        invoke: (call) => enter(call, dispatch),
        log,
        defaultTimeoutMs: defaultCallTimeoutMs,
      }),
    stop: beats.stop,
  }
}
