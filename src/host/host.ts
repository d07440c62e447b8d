import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ArtifactRules, Artifacts } from '../artifact/artifacts.ts'
import { credentialsFrom } from '../artifact/credentials.ts'
import { type NetworkLid, volumeLabel } from '../component-settings.ts'
import { CompileQueue } from '../guest/compile-queue.ts'
import type { HostVolumes } from '../guest/volume/volumes.ts'
import { startBeat, watchBeats } from '../lattice/beat.ts'
import { openBuckets } from '../lattice/buckets.ts'
import { requestRegistryCredentials } from '../lattice/config-service.ts'
import { connectNats, withoutSecrets } from '../lattice/connect.ts'
import { serveControl } from '../lattice/control-server.ts'
import { createEventPublisher } from '../lattice/events.ts'
import { startHeartbeat } from '../lattice/heartbeat.ts'
import { defaultLabels, type HostIdentity } from '../lattice/host-identity.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { openPolicy, type PolicySubjects } from '../lattice/policy.ts'
import { createSecretsClient } from '../lattice/secrets-client.ts'
import { publishSpied, serveSpies } from '../lattice/spy.ts'
import { formatUptime } from '../lattice/uptime.ts'
import type { Log, LogRecord } from '../log.ts'
import type { Measure } from '../measure.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { TraceWork } from '../trace-work.ts'
import { version } from '../version.ts'
import { foreignServer } from '../wrpc/lost-hosts.ts'
import { type ApplyWorkload, applyWorkload } from './apply-workload.ts'
import { controlHandlers } from './control-handlers.ts'
import { decideInvocation } from './decide-invocation.ts'
import { gathered } from './gathered.ts'
import { HostSecrets } from './host-secrets.ts'
import { createHostTokens } from './host-tokens.ts'
import { LatticeData } from './lattice-data.ts'
import { openProcesses } from './open-processes.ts'
import { peerLoads } from './peer-loads.ts'
import type { ProcessSurroundings } from './process/provider-instance.ts'
import { ProviderHealth } from './provider-health.ts'
import { ProviderWork } from './provider-work.ts'
import { Threads } from './threads.ts'
import { wakeTargets } from './wake-targets.ts'
import { watchBuiltins } from './watch-builtins.ts'
import { Work } from './work.ts'
import { Workload } from './workload.ts'

export interface HostOptions {
  /** The server for control requests, events and buckets. */
  readonly natsUrl: string
  readonly natsLogin?: NatsLogin | undefined
  /** Another server or login for the calls of components and providers; the same when left out. */
  readonly rpc?: { readonly natsUrl: string; readonly natsLogin?: NatsLogin | undefined } | undefined
  readonly lattice: string
  /** Added to the labels that every host has. */
  readonly labels: Readonly<Record<string, string>>
  readonly identity: HostIdentity
  /** Data threads. */
  readonly threads: number
  /** Where compiled components are kept. */
  readonly cacheDir: string
  /** What of the references it is given this host takes. */
  readonly artifacts: ArtifactRules
  /** True refuses components and providers that carry no signed claims. */
  readonly requireSigned?: boolean | undefined
  /** The policy service that is asked before anything starts or is called; everything is allowed without one. */
  readonly policy?: PolicySubjects | undefined
  /** The base of the subjects of secrets backends, such as `wasmcloud.secrets`; none is asked without it. */
  readonly secretsTopic?: string | undefined
  /** Directories that components may be given, by the names that manifests know; none when left out. */
  readonly hostVolumes?: HostVolumes | undefined
  /** The most that manifests may grant of the network; `any` when left out. */
  readonly networkLid?: NetworkLid | undefined
  /** True asks the lattice's config service for registry logins. */
  readonly configService?: boolean | undefined
  /** Where what was pulled from registries is kept. */
  readonly artifactDir: string
  /** The module that data threads run. */
  readonly dataThread: URL
  /** What a provider process is told of where its telemetry goes. */
  readonly providerTelemetry: ProcessSurroundings['telemetryOf']
  /** The program that runs a provider written as a module in a process of its own. */
  readonly providerRunner: URL
  readonly log: Log
  readonly measure: Measure
  readonly traceWork: TraceWork
  readonly onLog: (record: LogRecord) => void
  /** What the data threads measured. */
  readonly onTelemetry: (batch: unknown) => void
  readonly controlPrefix?: string
  /** Called when a control request asks this host to stop, or when it cannot go on (`failure` says why). */
  readonly onStopRequest: (graceMs: number, failure?: string) => void
  /** Where Docker keeps its logins is read from it. */
  readonly env: NodeJS.ProcessEnv
}

export interface Host {
  readonly id: string
  readonly friendlyName: string
  inventory(): HostInventory
  /** Drains and ends within `graceMs` and a little; safe to call again. */
  stop(graceMs: number): Promise<void>
}

type Connection = Awaited<ReturnType<typeof connectNats>>

/** Parts that were started, to be stopped in reverse. */
type Stop = () => Promise<void> | void

/** Starts a host and joins the lattice. A start that fails undoes what it began. */
export async function startHost(options: HostOptions): Promise<Host> {
  const started: Stop[] = []
  try {
    return await start(options, started)
  } catch (error) {
    await stopAll(started)
    throw error
  }
}

async function start(options: HostOptions, started: Stop[]): Promise<Host> {
  const { lattice, log, measure, natsUrl } = options
  const { id, friendlyName } = options.identity
  const startedAt = performance.now()
  const labels = new Map(
    Object.entries({ ...defaultLabels(), ...volumeLabels(options.hostVolumes), ...options.labels }),
  )
  const rpc = options.rpc ?? options

  let reconnects = 0
  measure.watch('natsReconnects', () => [{ labels: { thread: 'control' }, value: reconnects }])
  const connection = await connectNats({
    url: natsUrl,
    name: `weft-host-${friendlyName}`,
    log,
    login: options.natsLogin,
    onReconnect() {
      reconnects += 1
    },
  })
  started.push(() => connection.drain().catch(() => {}))
  const publishEvent = createEventPublisher(connection, lattice, id)
  const health = new ProviderHealth({ hostId: id, publishEvent, log })
  const buckets = await openBuckets({ connection, lattice, log })
  const workload = new Workload()
  const compiler = new CompileQueue(options.cacheDir)
  started.push(() => compiler.stop())

  const policy = openPolicy(
    {
      connection,
      hostId: id,
      lattice,
      labels: () => Object.fromEntries(labels),
      log,
      onInvocationChange: (call, decision) =>
        threads.tell({ kind: 'policy', decision: { ...decision, call, isFinal: true } }),
    },
    options.policy,
  )
  started.push(() => policy.stop())
  let graceMs = 0
  let beat: ReturnType<typeof startBeat> | undefined
  const processes = await openProcesses({
    hostId: id,
    lattice,
    connection: await rpcConnection(options, { connection, started }),
    natsUrl: rpc.natsUrl,
    natsLogin: rpc.natsLogin,
    runner: fileURLToPath(options.providerRunner),
    env: options.env,
    telemetryOf: options.providerTelemetry,
    log,
    onHealth: (provider, problem) => health.report(provider, problem),
    onRuns: () => beat?.now(),
    onGivenUp: (provider, why) => providers.giveUp(provider, why),
  })
  started.push(() => processes.stopAll(graceMs))
  const threads = await Threads.start({
    entry: options.dataThread,
    count: options.threads,
    init: {
      hostId: id,
      hostName: friendlyName,
      lattice,
      natsUrl: rpc.natsUrl,
      natsLogin: rpc.natsLogin,
      checksInvocations: options.policy !== undefined,
      hostVolumes: options.hostVolumes ?? {},
      networkLid: options.networkLid ?? 'any',
    },
    log,
    onLog: options.onLog,
    onTelemetry: options.onTelemetry,
    onLimit: (component, limit) => {
      log.warn(`component ${component} hit its limit: ${limit}`, { component })
      publishEvent('component_limit_hit', { host_id: id, component_id: component, limit })
    },
    onHealth: (provider, problem) => health.report(provider, problem),
    onAskPolicy: async (call) =>
      threads.tell({ kind: 'policy', decision: await decideInvocation(call, { policy, workload }) }),
    onSpied: ({ spy, ...seen }) =>
      publishSpied({ connection, lattice }, spy, { host: friendlyName, ...seen }),
    onAskWake: wakeTargets({
      connection,
      lattice,
      onAnswer: (target, answer) => threads.tell({ kind: 'woken', target, answer }),
    }),
    onLost: (calls) => {
      measure.add('callsLost', calls, {})
      beat?.now()
    },
    onConfined: (component, isConfined) => {
      const change = isConfined
        ? 'does harm again and again: it has a thread of its own from now on'
        : 'is back on the threads that components share'
      log.warn(`component ${component} ${change}`, { component })
      const event = isConfined ? 'component_confined' : 'component_released'
      publishEvent(event, { host_id: id, component_id: component })
    },
    onHopeless: (component, reason) => work.giveUp(component, reason),
    onBroken: (error) => options.onStopRequest(0, `data threads are lost again and again: ${error.message}`),
  })
  started.push(() => threads.stop(graceMs))

  let apply: ApplyWorkload | undefined
  const changes = gathered(() => {
    apply?.().catch((error: unknown) => {
      log.error('a change of links or config did not reach all that runs', { error: String(error) })
    })
  })
  const data = await LatticeData.follow(buckets, changes.call)
  started.push(async () => {
    changes.stop()
    await data.stop()
  })
  const artifacts = new Artifacts({
    rules: options.artifacts,
    cacheDir: options.artifactDir,
    env: options.env,
    log,
  })
  if (options.configService) {
    const given = await requestRegistryCredentials({
      connection,
      lattice,
      labels: Object.fromEntries(labels),
      log,
    })
    artifacts.addCredentials(credentialsFrom(given))
  }
  const tokens = createHostTokens(options.identity)
  const { secretsTopic } = options
  const client =
    secretsTopic === undefined
      ? undefined
      : createSecretsClient({ connection, topic: secretsTopic, hostJwt: tokens.host })
  const secrets = new HostSecrets({ client, buckets, log, onRetry: changes.call })
  started.push(() => secrets.stop())
  apply = applyWorkload({ workload, data, secrets, threads, processes, log })
  const parts = {
    hostId: id,
    workload,
    apply,
    data,
    buckets,
    artifacts,
    policy,
    secrets,
    requireSigned: options.requireSigned === true,
    publishEvent,
    log,
    measure,
    traceWork: options.traceWork,
  }
  const work = new Work({ ...parts, compiler })
  const providerDir = join(options.artifactDir, 'providers')
  const providers = new ProviderWork({ ...parts, threads, processes, health, tokens, providerDir })
  const builtins = watchBuiltins({ ...parts, threads, health })
  started.push(() => builtins.stop())

  const uptimeSeconds = () => Math.floor((performance.now() - startedAt) / 1000)
  const inventory = (): HostInventory => ({
    host_id: id,
    friendly_name: friendlyName,
    labels: Object.fromEntries(labels),
    version,
    uptime_human: formatUptime(uptimeSeconds()),
    uptime_seconds: uptimeSeconds(),
    components: workload.describeComponents(),
    providers: workload.describeProviders((provider) => health.problemOf(provider)),
  })
  const handlers = controlHandlers({
    id,
    lattice,
    publicUrl: withoutSecrets(natsUrl),
    rpcUrl: withoutSecrets(rpc.natsUrl),
    labels,
    workload,
    work,
    providers,
    inventory,
    publishEvent,
    onStopRequest: options.onStopRequest,
    putRegistries: (given) => artifacts.addCredentials(credentialsFrom(given)),
  })
  const control = await serveControl({
    connection,
    lattice,
    hostId: id,
    handlers,
    buckets,
    publishEvent,
    log,
    ...(options.controlPrefix !== undefined && { controlPrefix: options.controlPrefix }),
  })
  started.push(() => control.stop())
  const spies = serveSpies({
    connection,
    lattice,
    host: friendlyName,
    log,
    // A provider in a process of its own gets its calls there.
    runs: (target) =>
      workload.components.has(target) ||
      (workload.providers.has(target) && workload.providers.get(target)?.program === undefined),
    onSpy: (spy) => threads.tell({ kind: 'spy', spy }),
  })
  started.push(() => spies.stop())
  const beats = watchBeats({
    connection,
    lattice,
    log,
    onDown(peer, how) {
      if (how === 'silent') threads.tell({ kind: 'lost', host: peer.host })
    },
    onProcessGone({ provider, run, isLast }) {
      threads.tell({ kind: 'lost', host: run })
      if (isLast) threads.tell({ kind: 'lost', host: foreignServer(provider) })
    },
  })
  started.push(() => beats.stop())
  const loads = peerLoads(id, beats.peers, (load) => threads.tell({ kind: 'peers', load }))
  started.push(() => loads.stop())
  const heartbeat = startHeartbeat({ publishEvent, inventory, log })
  publishEvent('host_started', {
    friendly_name: friendlyName,
    labels: Object.fromEntries(labels),
    uptime_seconds: 0,
    version,
  })
  started.push(async () => {
    publishEvent('host_stopped', { labels: Object.fromEntries(labels) })
    await Promise.race([connection.flush().catch(() => {}), delay(1_000, undefined, { ref: false })])
  })
  beat = startBeat({
    connection,
    lattice,
    hostId: id,
    friendlyName,
    components: () => workload.load(),
    processes: () => ({ ...processes.runs(), ...threads.runs() }),
    busy: () => threads.busy(),
    log,
  })
  // First to stop: who sees no more beats gives this host no more work.
  started.push(() => {
    beat?.stop()
    heartbeat.stop()
  })

  let stopping: Promise<void> | undefined
  const stop = (ms: number) => {
    graceMs = ms
    stopping ??= stopAll(started)
    return stopping
  }
  return { id, friendlyName, inventory, stop }
}

/** To the server that carries calls: a connection of its own where that is another one. */
async function rpcConnection(
  { rpc, log, identity }: HostOptions,
  { connection, started }: { readonly connection: Connection; readonly started: Stop[] },
): Promise<Connection> {
  if (!rpc) return connection
  const own = await connectNats({
    url: rpc.natsUrl,
    name: `weft-providers-${identity.friendlyName}`,
    jetstream: false,
    log,
    login: rpc.natsLogin,
  })
  started.push(() => own.drain().catch(() => {}))
  return own
}

async function stopAll(started: Stop[]): Promise<void> {
  for (const stop of started.splice(0).reverse()) await stop()
}

function volumeLabels(volumes: HostVolumes = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(volumes).map(([name, { access }]) => [volumeLabel(name), access]))
}
