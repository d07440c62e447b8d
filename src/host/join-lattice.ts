import { setTimeout as delay } from 'node:timers/promises'
import type { Artifacts } from '../artifact/artifacts.ts'
import { credentialsFrom } from '../artifact/credentials.ts'
import { startBeat, watchBeats } from '../lattice/beat.ts'
import type { Buckets } from '../lattice/buckets.ts'
import { type connectNats, withoutSecrets } from '../lattice/connect.ts'
import { serveControl } from '../lattice/control-server.ts'
import type { PublishEvent } from '../lattice/events.ts'
import { startHeartbeat } from '../lattice/heartbeat.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { serveSpies } from '../lattice/spy.ts'
import { formatUptime } from '../lattice/uptime.ts'
import { version } from '../version.ts'
import { foreignServer } from '../wrpc/lost-hosts.ts'
import { controlHandlers } from './control-handlers.ts'
import type { HostOptions } from './host-options.ts'
import { peerLoads } from './peer-loads.ts'
import type { ProviderHealth } from './provider-health.ts'
import type { ProviderProcesses } from './provider-processes.ts'
import type { ProviderWork } from './provider-work.ts'
import type { Threads } from './threads.ts'
import type { Work } from './work.ts'
import type { Workload } from './workload.ts'

/** What a host has when it joins its lattice. */
export interface JoinOptions {
  readonly options: HostOptions
  readonly connection: Awaited<ReturnType<typeof connectNats>>
  readonly labels: Map<string, string>
  readonly publishEvent: PublishEvent
  readonly buckets: Buckets
  readonly artifacts: Artifacts
  readonly workload: Workload
  readonly health: ProviderHealth
  readonly processes: ProviderProcesses
  readonly threads: Threads
  readonly providers: ProviderWork
  readonly work: Work
  /** Takes how each part is stopped, in the order in which they began. */
  readonly started: (() => Promise<void> | void)[]
}

/** Answers control requests, watches the other hosts, and is seen from now on. */
export async function joinLattice(host: JoinOptions): Promise<{
  readonly inventory: () => HostInventory
  /** Beats between two beats: something has happened that the others should know. */
  readonly beatNow: () => void
}> {
  const { options, connection, labels, publishEvent, buckets, artifacts } = host
  const { workload, health, processes, threads, providers, work, started } = host
  const { lattice, log, natsUrl } = options
  const { id, friendlyName } = options.identity
  const rpc = options.rpc ?? options
  const startedAt = performance.now()
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
  const beat = startBeat({
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
    beat.stop()
    heartbeat.stop()
  })

  return { inventory, beatNow: () => beat.now() }
}
