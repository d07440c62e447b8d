import { randomUUID } from 'node:crypto'
import { watchBeats } from '../lattice/beat.ts'
import { openBuckets } from '../lattice/buckets.ts'
import { watchConnectionGaps } from '../lattice/connection-gaps.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import { subscribeEvents } from '../lattice/events.ts'
import { openControllerBucket, recordsOf } from '../lattice/json-records.ts'
import { holdLease, type Lease } from '../lattice/lease.ts'
import { openManifestStore } from '../lattice/manifest-store.ts'
import { watchMetrics } from '../lattice/metrics.ts'
import {
  type ModelEvent,
  publishModelEvent,
  publishModelStatus,
  serveModelRequests,
} from '../lattice/model-requests.ts'
import { serveHandScales } from '../lattice/scale-by-hand.ts'
import { serveWakes } from '../lattice/wake.ts'
import type { Log } from '../log.ts'
import { type TraceHeaders, type TraceWork, untraced } from '../trace-work.ts'
import { DeployTraces } from './deploy-traces.ts'
import { Hosts } from './hosts.ts'
import { LatticeContents } from './lattice-contents.ts'
import { createModelApi } from './model-api.ts'
import { rollBack } from './model-deploys.ts'
import { News } from './news.ts'
import { Notes, readMade, readStatus } from './notes.ts'
import { Planner } from './planner.ts'
import { Reconciler } from './reconciler.ts'
import { Rollouts, readRolloutNote } from './rollouts.ts'
import { readScaleNote } from './scale-note.ts'
import { Scaling } from './scaling.ts'
import { spanOfCommand } from './span-of-command.ts'
import { statusReader } from './status-reader.ts'

export interface ControllerOptions {
  readonly connection: Parameters<typeof openBuckets>[0]['connection']
  readonly lattice: string
  readonly client: ControlClient
  readonly log: Log
  /** The client whose requests belong to a trace; left out, they belong to none. */
  readonly clientUnder?: (trace: TraceHeaders) => ControlClient
  /** Makes spans of commands; left out, there are none. */
  readonly traceWork?: TraceWork
  /** Who this controller is in the lease; default a random name. */
  readonly holder?: string
  /** A Weft host whose beat is silent for this long is gone; default 3500 ms. */
  readonly hostGoneAfterMs?: number
  /** How often the lease is renewed; default 1000 ms. Another controller takes over after three times that. */
  readonly leaseRenewMs?: number
  /**
   * How long hosts must have been heard before anything is done: after a start, a reconnect, a silence of NATS; default
   * 1500 ms. After an outage hosts come back one by one, and the first must not get the work of all.
   */
  readonly settleMs?: number
}

export interface Controller {
  /** True while this controller is the one that acts. */
  leads(): boolean
  /** Stops acting at once and gives the lease back; what runs in the lattice goes on. */
  stop(): Promise<void>
}

const tickMs = 100

/**
 * Starts a controller: it serves wadm's API, and keeps the lattice as the deployed manifests want it while it holds the
 * lease. Any number may run; one acts. A failed start stops what had begun.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const { connection, lattice, client, log } = options
  const begun: (() => void | Promise<void>)[] = []
  const stop = async () => {
    for (const end of begun.splice(0).toReversed()) await end()
  }
  try {
    const store = await openManifestStore({ connection, lattice, log })
    const bucket = await openControllerBucket(connection, lattice)
    const gaps = watchConnectionGaps(connection)
    begun.push(() => gaps.stop())
    const statuses = recordsOf(bucket, 'status')
    const { settleMs = 1_500 } = options
    let ledSince = Number.POSITIVE_INFINITY

    let lease: Lease | undefined
    const news = new News()
    const leads = () => lease?.held() === true
    const hasSettled = () => {
      const now = performance.now()
      const heardFor = Math.max(now - ledSince, news.flowingFor(now))
      return Math.min(gaps.connectedFor(), heardFor) > settleMs
    }

    const contents = new LatticeContents((concern) => reconciler.wake(concern))
    const traces = new DeployTraces()
    const { clientUnder = () => client, traceWork = untraced } = options
    const rollouts = new Rollouts(
      new Notes(recordsOf(bucket, 'rollout'), (value) => readRolloutNote(value, 'rollout')),
      () => reconciler.wake(),
    )
    begun.push(() => rollouts.stop())
    const announce = (event: ModelEvent) => publishModelEvent(connection, lattice, event)
    const hosts = new Hosts({ client, log, onChange: () => reconciler.wake() })
    const scales = new Notes(recordsOf(bucket, 'scale'), (value) => readScaleNote(value, 'scale'))
    const planner = new Planner((id) => scales.get(id))
    const statusNotes = new Notes(statuses, readStatus)
    const reconciler: Reconciler = new Reconciler({
      planner,
      scales,
      log,
      nameOf: (id) => hosts.nameOf(id),
      view: () => ({ hosts: hosts.view(), ...contents.view() }),
      made: new Notes(recordsOf(bucket, 'made'), readMade),
      statuses: statusNotes,
      rollouts,
      rollBack: (order) => rollBack({ store, announce }, order),
      mayAct: () => leads() && hasSettled(),
      giveUnder: (command, give) =>
        traceWork(spanOfCommand(command, traces.of(command.app)), (trace) =>
          give(trace ? clientUnder(trace) : client),
        ),
      onStatus: (name, status) => publishModelStatus(connection, lattice, name, status),
    })
    const buckets = await openBuckets({ connection, lattice, log })
    const specs = await buckets.watchSpecs((id, spec) => contents.setSpec(id, spec))
    begun.push(() => specs.stop())
    const configs = await buckets.watchConfig((name, config) => contents.setConfig(name, config))
    begun.push(() => configs.stop())
    const events = subscribeEvents({
      connection,
      lattice,
      log,
      onEvent: (event) => {
        reconciler.onEvent(event)
        scaling.onEvent(event)
        hosts.onEvent(event)
      },
    })
    begun.push(() => events.stop())
    const beats = watchBeats({
      connection,
      lattice,
      log,
      onBeat: (peer) => {
        news.heard(performance.now())
        scaling.heard(peer.host)
        rollouts.heard(peer)
      },
      onUp: (peer) => hosts.onUp(peer),
      onDown: (peer) => {
        reconciler.hostGone(peer.host)
        scaling.gone(peer.host)
        hosts.onDown(peer)
        rollouts.gone(peer.host)
      },
      ...(options.hostGoneAfterMs === undefined ? {} : { goneAfterMs: options.hostGoneAfterMs }),
    })
    begun.push(() => beats.stop())
    const metrics = watchMetrics({ connection, lattice, log })
    begun.push(() => metrics.stop())
    const scaling = new Scaling({
      planner,
      notes: scales,
      statuses: statusNotes,
      peers: () => beats.peers,
      hosts: () => hosts.view(),
      metric: (name) => metrics.latest(name),
      mayAct: () => leads() && hasSettled() && reconciler.hasLooked,
      wake: (concern) => reconciler.wake(concern),
      log,
    })
    const wakes = serveWakes({ connection, lattice, log, answer: (target) => scaling.wake(target) })
    begun.push(() => wakes.stop())
    const byHand = serveHandScales({ connection, lattice, log, answer: (scale) => scaling.byHand(scale) })
    begun.push(() => byHand.stop())
    await hosts.discover()
    const manifests = await store.follow((name, app) => reconciler.appChanged(name, app))
    begun.push(() => manifests.stop())
    const api = await serveModelRequests({
      connection,
      lattice,
      log,
      answer: createModelApi({
        store,
        rivals: (manifest) => planner.rivals(manifest),
        status: statusReader(statuses, () => leads() && !(hasSettled() && reconciler.hasLooked)),
        onDeploy: (name, trace) => traces.deployed(name, trace),
        announce,
      }),
    })
    begun.push(() => api.stop())
    const held = await holdLease({
      bucket,
      key: 'lease',
      holder: options.holder ?? randomUUID(),
      log,
      onHeld: () => {
        ledSince = performance.now()
        scaling.takeOver()
        reconciler.takeOver()
      },
      ...(options.leaseRenewMs === undefined ? {} : { renewMs: options.leaseRenewMs }),
    })
    lease = held
    begun.push(() => held.stop())
    const timer = setInterval(() => {
      hosts.tick()
      reconciler.tick()
      scaling.tick()
    }, tickMs)
    begun.push(async () => {
      clearInterval(timer)
      await reconciler.stop()
    })
    return { leads, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
