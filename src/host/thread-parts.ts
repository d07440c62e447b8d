import type { Invoke } from '../call/call.ts'
import { humblePace, Pace } from '../component/pace.ts'
import type { LimitName } from '../errors.ts'
import type { connectNats } from '../lattice/connect.ts'
import { Wakes } from '../lattice/wakes.ts'
import type { Log } from '../log.ts'
import type { WitInterface } from '../wit/type.ts'
import type { openInbox } from '../wrpc/inbox.ts'
import { invokeOver } from '../wrpc/invoke.ts'
import { LostHosts } from '../wrpc/lost-hosts.ts'
import { serveOperations } from '../wrpc/serve.ts'
import { CheckInvocations } from './check-invocations.ts'
import { countOffences } from './count-offences.ts'
import type { Instrument, Instruments, Origin } from './instruments.ts'
import { OffencePauses } from './offence-pauses.ts'
import { Spies } from './spies.ts'
import { threadCalls } from './thread-calls.ts'
import { ThreadComponents } from './thread-components.ts'
import type { FromThread, PeerLoad, PlannedProvider, ThreadInit } from './thread-messages.ts'
import { ThreadProviders } from './thread-providers.ts'
import { watchBusy } from './watch-busy.ts'

/** How long a call that came over NATS without a deadline may take: wasmCloud's default. */
const defaultCallTimeoutMs = 600_000

export interface ThreadPartsOptions {
  readonly init: ThreadInit
  readonly log: Log
  readonly send: (message: FromThread, moved?: ArrayBuffer[]) => void
  readonly instrument: Instrument
  readonly connection: Awaited<ReturnType<typeof connectNats>>
  readonly inbox: ReturnType<typeof openInbox>
}

/** The parts of a thread that serve calls. */
export interface ThreadParts {
  readonly log: Log
  readonly components: ThreadComponents
  readonly providers: ThreadProviders
  readonly instruments: Instruments
  readonly lostHosts: LostHosts
  readonly wakes: Wakes
  peerLoad: (component: string) => PeerLoad | undefined
  /** True on the successor of a thread that was lost, until it has what the other threads have. */
  isTakingOver: boolean
  readonly busy: ReturnType<typeof watchBusy>
  readonly offences: ReturnType<typeof countOffences>
  readonly policy: CheckInvocations
  readonly spies: Spies
}

/** Makes the parts of a data thread. */
export function threadParts(options: ThreadPartsOptions): ThreadParts {
  const { init, log, send, instrument, connection, inbox } = options
  const { lattice } = init
  const originOf = (id: string): Origin => {
    const component = components.planned(id)
    const provider = providers.planned(id)
    const application = (component ?? provider)?.application
    const telemetry = component?.settings.telemetry ?? provider?.telemetry
    return {
      ...(application !== undefined && { application }),
      ...(component && { ref: component.ref }),
      ...(telemetry && { telemetry }),
    }
  }
  const lostHosts = new LostHosts()
  const wakes = new Wakes((target) => send({ kind: 'ask-wake', target }))
  const busy = watchBusy((share) => send({ kind: 'busy', share }))
  const instruments = instrument({
    originOf,
    runsHere: (component) => components.planned(component) !== undefined,
    send: (batch, moved) => send({ kind: 'telemetry', batch }, moved),
  })
  const spies = new Spies((batch) => send({ kind: 'spied', batch }))
  const policy = new CheckInvocations({
    ask: (call) => send({ kind: 'ask-policy', call }),
    refOf: (id) => components.planned(id)?.ref ?? '',
  })
  const toComponent: Invoke = (call) => components.dispatch(call)
  const calls = threadCalls({
    instruments,
    spies,
    toComponent: init.checksInvocations ? policy.interceptor(toComponent) : toComponent,
    toProvider: (call) => providers.dispatch(call),
    providers: { serves: (id) => providers.serves(id) },
    components: { load: (id) => components.load(id) },
    peerLoad: (id) => parts.peerLoad(id),
    busy: busy.share,
    invokeRemote: invokeOver({
      connection,
      inbox,
      lattice,
      log,
      lostHosts,
      whenNobody: (target, notFound) => wakes.wait(target, notFound),
    }),
  })
  const serve = (accepts: 'first' | 'late') => (id: string, interfaces: readonly WitInterface[]) =>
    serveOperations({
      connection,
      inbox,
      lattice,
      id,
      acceptor: `${init.hostId}.${init.serial}`,
      accepts,
      interfaces,
      invoke: calls.serve,
      log,
      defaultTimeoutMs: defaultCallTimeoutMs,
    })
  const offences = countOffences((counts) => send({ kind: 'offences', counts }))
  const isConfined = init.role === 'confined'
  const pauses = new OffencePauses()
  const components = new ThreadComponents({
    pace: isConfined ? new Pace(init.pace, humblePace) : new Pace(init.pace),
    hostVolumes: init.hostVolumes,
    networkLid: init.networkLid,
    otel: instruments.otel,
    log,
    measure: instruments.measure,
    thread: init.index,
    isLeader: init.role !== 'peer',
    invoke: calls.invoke.component,
    leaving: calls.leaving,
    // What a guest does shows elsewhere only through its calls, files and sockets, and they commit.
    serve: serve('late'),
    poke: (component) => send({ kind: 'poke', component }),
    before: (call) => pauses.before(call),
    onOffence(component) {
      offences.add(component)
      if (isConfined) pauses.offended()
    },
    onLimit: occasionally((component, limit) => send({ kind: 'limit', component, limit })),
  })
  const listeners = new Map<string, string>()
  const providers = new ThreadProviders({
    serve: serve('first'),
    isLeader: init.role === 'leader',
    contextOf: (planned: PlannedProvider) => ({
      id: planned.id,
      application: planned.application,
      hostId: init.hostId,
      lattice,
      natsUrl: init.natsUrl,
      natsLogin: init.natsLogin,
      isLeader: init.role === 'leader',
      get isTakingOver() {
        return parts.isTakingOver
      },
      listeners,
      config: planned.config,
      secrets: planned.secrets,
      log: log.with({ provider: planned.id }),
      invoke: calls.invoke.provider,
      enter: calls.enter,
    }),
    onHealth: (provider, problem) =>
      send({ kind: 'health', provider, ...(problem !== undefined && { problem }) }),
  })
  const parts: ThreadParts = {
    log,
    components,
    providers,
    instruments,
    lostHosts,
    wakes,
    peerLoad: () => undefined,
    isTakingOver: init.isReplacement,
    busy,
    offences,
    policy,
    spies,
  }
  return parts
}

/** Hands on each component's limit once a second at most: a limit that is hit is hit often. */
function occasionally(
  tell: (component: string, limit: LimitName) => void,
): (component: string, limit: LimitName) => void {
  const told = new Map<string, number>()
  return (component, limit) => {
    const key = `${component} ${limit}`
    const now = performance.now()
    if (now - (told.get(key) ?? Number.NEGATIVE_INFINITY) < 1000) return
    told.set(key, now)
    tell(component, limit)
  }
}
