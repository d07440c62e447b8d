import type { AuctionRequest, ControlHandlers, ControlReply } from '../lattice/control.ts'
import { drainingRefusal, isDraining } from '../lattice/draining.ts'
import type { PublishEvent } from '../lattice/events.ts'
import type { HostInventory, HostSummary } from '../lattice/inventory.ts'
import type { ProviderWork } from './provider-work.ts'
import type { Work } from './work.ts'
import type { Workload } from './workload.ts'

export interface ControlHandlersOptions {
  readonly id: string
  readonly lattice: string
  /** The URL that clients may be told; no user or password in it. */
  readonly publicUrl: string
  /** The same for the server that carries calls. */
  readonly rpcUrl: string
  readonly labels: Map<string, string>
  readonly workload: Workload
  readonly work: Work
  readonly providers: ProviderWork
  readonly inventory: () => HostInventory
  readonly publishEvent: PublishEvent
  readonly onStopRequest: (graceMs: number) => void
  readonly putRegistries: (credentials: Readonly<Record<string, unknown>>) => void
}

/** How long a host that is asked to stop lets calls finish, when the request does not say. */
const defaultGraceMs = 10_000

/** What is larger than a message of NATS makes a host that nobody hears of any more. */
const mostLabels = 100
const largestLabel = 1024

const refusal: ControlReply = { success: false, message: drainingRefusal }

/** This host's answers to the control interface. */
export function controlHandlers(options: ControlHandlersOptions): ControlHandlers {
  const { id, labels, work, workload, inventory, publishEvent } = options
  const matches = (auction: AuctionRequest) =>
    !drains() && Object.entries(auction.constraints).every(([key, value]) => labels.get(key) === value)
  const drains = () => isDraining(Object.fromEntries(labels))
  const labelsChanged = () =>
    publishEvent('labels_changed', { host_id: id, labels: Object.fromEntries(labels) })
  return {
    inventory,
    summary: () => summaryOf(inventory(), options),
    bidForComponent: (auction) => matches(auction) && !workload.components.has(auction.id),
    bidForProvider: (auction) => matches(auction) && !workload.providers.has(auction.id),
    scaleComponent: (request, trace) =>
      drains() && request.count > 0 && !workload.components.has(request.component_id)
        ? refusal
        : work.scale(request, trace),
    updateComponent: (request, trace) => work.update(request, trace),
    startProvider: (request, trace) => (drains() ? refusal : options.providers.start(request, trace)),
    stopProvider: (providerId) => options.providers.stop(providerId),
    stopHost(timeoutMs) {
      setImmediate(() => options.onStopRequest(timeoutMs ?? defaultGraceMs))
      return ok('successfully handled stop host')
    },
    putLabel(key, value) {
      if (key.toLowerCase().startsWith('hostcore.')) {
        return { success: false, message: 'hostcore.* labels cannot be set dynamically' }
      }
      if (Buffer.byteLength(key + value) > largestLabel || (!labels.has(key) && labels.size >= mostLabels)) {
        const bounds = `at most ${mostLabels} labels of ${largestLabel} bytes each`
        return { success: false, message: `a host takes ${bounds}: they travel in each heartbeat` }
      }
      const isChange = labels.get(key) !== value
      labels.set(key, value)
      if (isChange) labelsChanged()
      return ok('successfully put label')
    },
    deleteLabel(key) {
      if (!labels.delete(key)) return ok('successfully deleted label (no such label)')
      labelsChanged()
      return ok('successfully deleted label')
    },
    putRegistries(credentials) {
      options.putRegistries(credentials)
      return ok('successfully put registries')
    },
  }
}

function ok(message: string): ControlReply {
  return { success: true, message }
}

function summaryOf(
  inventory: HostInventory,
  { lattice, publicUrl, rpcUrl }: ControlHandlersOptions,
): HostSummary {
  const { host_id, friendly_name, labels, uptime_human, uptime_seconds, version } = inventory
  return {
    id: host_id,
    friendly_name,
    labels,
    lattice,
    uptime_human,
    uptime_seconds,
    version,
    rpc_host: rpcUrl,
    ctl_host: publicUrl,
  }
}
