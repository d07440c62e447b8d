import type { MessagePort } from 'node:worker_threads'
import { chain, type Interceptor, type Invoke } from '../call/call.ts'
import { limitTime } from '../call/limit-time.ts'
import type { GuestOtel } from '../capability/otel.ts'
import { Pace } from '../component/pace.ts'
import type { TelemetrySettings } from '../component-settings.ts'
import { type LimitName, WeftError } from '../errors.ts'
import { connectNats } from '../lattice/connect.ts'
import { Wakes } from '../lattice/wakes.ts'
import { createLog, type Log } from '../log.ts'
import type { Measure } from '../measure.ts'
import type { WitInterface } from '../wit/type.ts'
import { openInbox } from '../wrpc/inbox.ts'
import { invokeOver } from '../wrpc/invoke.ts'
import { LostHosts } from '../wrpc/lost-hosts.ts'
import { serveOperations } from '../wrpc/serve.ts'
import { applyPlan } from './apply-plan.ts'
import { CheckInvocations } from './check-invocations.ts'
import { countOffences } from './count-offences.ts'
import { lowerPriority } from './lower-priority.ts'
import { route } from './route.ts'
import { Spies } from './spies.ts'
import { ThreadComponents } from './thread-components.ts'
import type { FromThread, PeerLoad, PlannedProvider, ThreadInit, ToThread } from './thread-messages.ts'
import { ThreadProviders } from './thread-providers.ts'

import { watchBusy } from './watch-busy.ts'

/** Where a component or provider of this thread comes from, for telemetry. */
export interface Origin {
  readonly application?: string
  readonly ref?: string
  readonly telemetry?: TelemetrySettings
}

/** What is put around calls: `client` around those that leave a component or provider, `server` around those it gets. */
export interface Instruments {
  readonly client: readonly Interceptor[]
  readonly server: readonly Interceptor[]
  readonly measure: Measure
  /** Takes what guests make known of themselves. */
  readonly otel: GuestOtel
  /** Hands on what has been measured so far. */
  flush(): Promise<void>
}

export interface DataThreadOptions {
  readonly init: ThreadInit
  readonly port: MessagePort
  readonly instrument: (thread: {
    readonly originOf: (id: string) => Origin
    /** `moved` is memory that goes along without a copy. */
    readonly send: (batch: unknown, moved: ArrayBuffer[]) => void
  }) => Instruments
}

/** How long a call that came over NATS without a deadline may take: wasmCloud's default. */
const defaultCallTimeoutMs = 600_000

/**
 * Runs a data thread: one NATS connection, the components and in-process providers of the latest plan, and the two
 * chains that every call passes. Reports `ready`, then does what the control thread's messages say until `stop`.
 */
export async function runDataThread({ init, port, instrument }: DataThreadOptions): Promise<void> {
  const send = (message: FromThread, moved: ArrayBuffer[] = []) => port.postMessage(message, moved)
  const log = createLog((record) => send({ kind: 'log', record }))
  // A guest's glue may drop a promise; that must end neither this thread nor the calls beside it.
  process.on('unhandledRejection', (reason) =>
    log.debug('a promise was rejected unheard', { error: String(reason) }),
  )
  let reconnects = 0
  const connection = await connectNats({
    url: init.natsUrl,
    name: `weft-${init.hostName}-${init.index}`,
    jetstream: false,
    log,
    login: init.natsLogin,
    onReconnect() {
      reconnects += 1
    },
  })
  const inbox = openInbox(connection)
  const parts = assemble({ init, log, send, instrument, connection, inbox })
  parts.instruments.measure.watch('natsReconnects', () => [
    { labels: { thread: `data-${init.index}` }, value: reconnects },
  ])
  parts.instruments.measure.watch('wrpcOpen', () => [
    { labels: { thread: `data-${init.index}` }, value: inbox.size },
  ])
  let peers: ReadonlyMap<string, PeerLoad> = new Map()
  parts.peerLoad = (id) => peers.get(id)
  const plans = applyPlan(parts, (revision, outcome) => {
    parts.isTakingOver = false
    send({ kind: 'applied', revision, outcome })
  })

  port.on('message', async (message: ToThread) => {
    if (message.kind === 'plan') plans.next(message.revision, message.plan)
    else if (message.kind === 'peers') peers = message.load
    else if (message.kind === 'lost') parts.lostHosts.lost(message.host)
    else if (message.kind === 'woken') parts.wakes.answered(message.target, message.answer)
    else if (message.kind === 'policy') parts.policy.decided(message.decision)
    else if (message.kind === 'spy') parts.spies.put(message.spy)
    else if (message.kind === 'poke') parts.components.poked(message.component)
    else {
      await plans.stop(message.graceMs)
      parts.busy.stop()
      parts.spies.stop()
      parts.offences.stop()
      await parts.instruments.flush()
      await connection.drain().catch(() => {})
      send({ kind: 'stopped' })
      port.close()
    }
  })
  send({ kind: 'ready' })
  if (init.role === 'confined') lowerPriority()
}

interface AssembleOptions {
  readonly init: ThreadInit
  readonly log: Log
  readonly send: (message: FromThread, moved?: ArrayBuffer[]) => void
  readonly instrument: DataThreadOptions['instrument']
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

function assemble({ init, log, send, instrument, connection, inbox }: AssembleOptions): ThreadParts {
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
    send: (batch, moved) => send({ kind: 'telemetry', batch }, moved),
  })
  watchWire(instruments.measure, connection)
  const spies = new Spies((batch) => send({ kind: 'spied', batch }))
  const entering = [...instruments.server, spies.interceptor, limitTime()]
  const enter = (call: Parameters<Invoke>[0], next: Invoke) => chain(entering, next)(call)
  const policy = new CheckInvocations({
    ask: (call) => send({ kind: 'ask-policy', call }),
    refOf: (id) => components.planned(id)?.ref ?? '',
  })
  const toComponent: Invoke = (call) => components.dispatch(call)
  const permitted = init.checksInvocations ? policy.interceptor(toComponent) : toComponent
  const dispatch: Invoke = (call) =>
    providers.serves(call.target) ? providers.dispatch(call) : permitted(call)
  const serveHere = chain(entering, dispatch)
  const leaving = (answer: Invoke) => chain([...instruments.client, limitTime()], answer)
  const invoke = leaving(
    route({
      providers: { serves: (id) => providers.serves(id) },
      components: { load: (id) => components.load(id) },
      peerLoad: (id) => parts.peerLoad(id),
      busy: busy.share,
      serveHere,
      invokeRemote: invokeOver({
        connection,
        inbox,
        lattice,
        log,
        lostHosts,
        whenNobody: (target, notFound) => wakes.wait(target, notFound),
      }),
    }),
  )
  const serve = (accepts: 'first' | 'late') => (id: string, interfaces: readonly WitInterface[]) =>
    serveOperations({
      connection,
      inbox,
      lattice,
      id,
      acceptor: `${init.hostId}.${init.serial}`,
      accepts,
      interfaces,
      invoke: serveHere,
      log,
      defaultTimeoutMs: defaultCallTimeoutMs,
    })
  const offences = countOffences((counts) => send({ kind: 'offences', counts }))
  const components = new ThreadComponents({
    pace: new Pace(init.pace),
    hostVolumes: init.hostVolumes,
    networkLid: init.networkLid,
    otel: instruments.otel,
    log,
    measure: instruments.measure,
    thread: init.index,
    isLeader: init.role !== 'peer',
    invoke,
    leaving,
    // What a guest does shows elsewhere only through its calls, files and sockets, and they commit.
    serve: serve('late'),
    poke: (component) => send({ kind: 'poke', component }),
    onOffence: offences.add,
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
      invoke,
      enter,
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

/** Counts what goes over the thread's connection, which carries nothing but calls. */
function watchWire(measure: Measure, connection: AssembleOptions['connection']): void {
  const both = (sent: number, received: number) => [
    { labels: { direction: 'sent' }, value: sent },
    { labels: { direction: 'received' }, value: received },
  ]
  measure.watch('wrpcMessages', () => both(connection.stats().outMsgs, connection.stats().inMsgs))
  measure.watch('wrpcBytes', () => both(connection.stats().outBytes, connection.stats().inBytes))
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

/** Reports a start that failed; the host then gives up the thread. */
export function reportFailedStart(port: MessagePort, thrown: unknown): void {
  const { code, message } = WeftError.from(thrown)
  port.postMessage({ kind: 'failed', code, message } satisfies FromThread)
}
