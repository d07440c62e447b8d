import type { NatsConnection } from 'nats'
import { type Buckets, openBuckets } from '../../src/lattice/buckets.ts'
import type { ControlHandlers } from '../../src/lattice/control.ts'
import { serveControl } from '../../src/lattice/control-server.ts'
import { createEventPublisher } from '../../src/lattice/events.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import type { HostInventory, HostSummary } from '../../src/lattice/inventory.ts'
import type { Log } from '../../src/log.ts'

export interface FakeHost {
  readonly id: string
  readonly buckets: Buckets
  readonly summary: HostSummary
  readonly inventory: HostInventory
  /** What the handlers were asked, in order. */
  readonly asked: readonly (readonly [string, ...unknown[]])[]
  stop(): Promise<void>
}

/** A host that only notes what it is asked; `handlers` replaces some of its answers. */
export async function startFakeHost(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
  readonly labels?: Readonly<Record<string, string>>
  readonly handlers?: Partial<ControlHandlers>
  readonly controlPrefix?: string
}): Promise<FakeHost> {
  const { connection, lattice, log, labels = {} } = options
  const { id, friendlyName } = createHostIdentity()
  const uptime = { uptime_human: '1m 30s', uptime_seconds: 90, version: '0.1.0' }
  const summary = {
    id,
    friendly_name: friendlyName,
    labels,
    lattice,
    ctl_host: 'nats://here:4222',
    ...uptime,
  }
  const inventory = {
    host_id: id,
    friendly_name: friendlyName,
    labels,
    ...uptime,
    components: [],
    providers: [],
  }
  const asked: [string, ...unknown[]][] = []
  const note = (...what: [string, ...unknown[]]) => {
    asked.push(what)
    return { success: true, message: '' }
  }
  const fits = (constraints: Readonly<Record<string, string>>) =>
    Object.entries(constraints).every(([key, value]) => labels[key] === value)
  const handlers: ControlHandlers = {
    summary: () => summary,
    inventory: () => inventory,
    bidForComponent: (auction) => fits(auction.constraints),
    bidForProvider: (auction) => fits(auction.constraints),
    scaleComponent: (request) => note('scale', request),
    updateComponent: (request) => note('update', request),
    startProvider: (request) => ({ ...note('start', request), message: 'successfully started provider' }),
    stopProvider: async (providerId) => note('stop', providerId),
    stopHost: (timeoutMs) => note('stopHost', timeoutMs),
    putLabel: (key, value) => note('putLabel', key, value),
    deleteLabel: (key) => note('deleteLabel', key),
    putRegistries: (credentials) => note('registries', credentials),
    ...options.handlers,
  }
  const buckets = await openBuckets({ connection, lattice, log })
  const publishEvent = createEventPublisher(connection, lattice, id)
  const prefix = options.controlPrefix === undefined ? {} : { controlPrefix: options.controlPrefix }
  const parts = { connection, lattice, buckets, publishEvent, ...prefix }
  const server = await serveControl({ ...parts, hostId: id, handlers, log })
  return { id, buckets, summary, inventory, asked, stop: () => server.stop() }
}
