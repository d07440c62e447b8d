import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { volumeLabel } from '../component-settings.ts'
import { CompileQueue } from '../guest/compile-queue.ts'
import type { HostVolumes } from '../guest/volume/volumes.ts'
import { openBuckets } from '../lattice/buckets.ts'
import { connectNats } from '../lattice/connect.ts'
import { createEventPublisher } from '../lattice/events.ts'
import { defaultLabels } from '../lattice/host-identity.ts'
import { openPolicy } from '../lattice/policy.ts'
import { createSecretsClient } from '../lattice/secrets-client.ts'
import { publishSpied } from '../lattice/spy.ts'
import { type ApplyWorkload, applyWorkload } from './apply-workload.ts'
import { decideInvocation } from './decide-invocation.ts'
import { gathered } from './gathered.ts'
import type { Host, HostOptions } from './host-options.ts'
import { HostSecrets } from './host-secrets.ts'
import { createHostTokens } from './host-tokens.ts'
import { joinLattice } from './join-lattice.ts'
import { LatticeData } from './lattice-data.ts'
import { openArtifacts } from './open-artifacts.ts'
import { openProcesses } from './open-processes.ts'
import { ProviderHealth } from './provider-health.ts'
import { ProviderWork } from './provider-work.ts'
import { threadNews } from './thread-news.ts'
import { Threads } from './threads.ts'
import { wakeTargets } from './wake-targets.ts'
import { watchBuiltins } from './watch-builtins.ts'
import { Work } from './work.ts'
import { Workload } from './workload.ts'

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
  const workload = new Workload(options.env, options.guestLimits)
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
  let tellAtOnce = () => {}
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
    onRuns: () => tellAtOnce(),
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
    ...threadNews({ hostId: id, publishEvent, log }),
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
      tellAtOnce()
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
  const artifacts = await openArtifacts(options, { connection, labels })
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
    identify: options.identify,
  }
  const work = new Work({ ...parts, compiler })
  const providerDir = join(options.artifactDir, 'providers')
  const providers = new ProviderWork({ ...parts, threads, processes, health, tokens, providerDir })
  const builtins = watchBuiltins({ ...parts, threads, health })
  started.push(() => builtins.stop())

  const { inventory, beatNow } = await joinLattice({
    ...parts,
    options,
    connection,
    labels,
    started,
    health,
    processes,
    threads,
    providers,
    work,
  })
  tellAtOnce = beatNow

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
