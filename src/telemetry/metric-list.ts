import type { CounterName, GaugeName, HistogramName, TotalName } from '../measure.ts'

/** What a metric is called at a collector, and what it means. */
export interface MetricDefinition {
  readonly name: string
  readonly kind: 'counter' | 'gauge' | 'histogram'
  /** UCUM, as OpenTelemetry has it. */
  readonly unit: string
  readonly labels: readonly string[]
  readonly description: string
  /** Upper bounds of a histogram's buckets. */
  readonly bounds?: readonly number[]
  /** Of the values of a gauge since the last export: the last one, unless this says the highest. */
  readonly keeps?: 'highest'
}

/** Upper bounds in seconds: the ones the conventions give for HTTP and RPC durations, and three below for local calls. */
const durationBounds: readonly number[] = [
  0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]
/** From a pooled instance in some microseconds to a compile in minutes. */
const startBounds: readonly number[] = [
  0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30, 60,
]

/** What threads and process know by themselves: telemetry reads these, nobody reports them. */
export type OwnCounterName = 'cpuTime' | 'seriesOverflow'
export type OwnGaugeName =
  | 'eventLoopDelayMean'
  | 'eventLoopDelayP50'
  | 'eventLoopDelayP99'
  | 'eventLoopDelayMax'
  | 'eventLoopUtilization'
  | 'residentMemory'
  | 'heapUsed'
  | 'uptime'

export type CounterKey = CounterName | TotalName | OwnCounterName
export type GaugeKey = GaugeName | OwnGaugeName
export type MetricKey = CounterKey | GaugeKey | HistogramName

/**
 * Every metric that Weft emits. `METRICS.md` beside this file is its table, held equal by a test. Names that OpenTelemetry's
 * semantic conventions have are theirs; ours begin with `weft.`.
 */
export const metricList = {
  callDuration: {
    name: 'weft.call.duration',
    kind: 'histogram',
    unit: 's',
    labels: ['component', 'interface', 'operation', 'side', 'outcome'],
    description: 'How long calls take until they are over, bodies included',
    bounds: durationBounds,
  },
  activeInstances: {
    name: 'weft.instance.active',
    kind: 'gauge',
    unit: '{instance}',
    labels: ['component'],
    description: 'Invocations that run on the host',
  },
  readyInstances: {
    name: 'weft.instance.ready',
    kind: 'gauge',
    unit: '{instance}',
    labels: ['component'],
    description: 'Instances kept ready ahead of demand',
  },
  maxInstances: {
    name: 'weft.instance.max',
    kind: 'gauge',
    unit: '{instance}',
    labels: ['component'],
    description: 'The most invocations that may run on the host at once',
  },
  instanceStart: {
    name: 'weft.instance.start.duration',
    kind: 'histogram',
    unit: 's',
    labels: ['component', 'start'],
    description: 'How long invocations wait for their instance; start=cold ones are cold starts',
    bounds: startBounds,
  },
  componentLoad: {
    name: 'weft.component.load.duration',
    kind: 'histogram',
    unit: 's',
    labels: ['component', 'source'],
    description: 'From fetched artifact to something that can be instantiated',
    bounds: startBounds,
  },
  queueDepth: {
    name: 'weft.queue.depth',
    kind: 'gauge',
    unit: '{call}',
    labels: ['component'],
    description: 'Calls that wait for an instance',
  },
  queueWait: {
    name: 'weft.queue.wait.duration',
    kind: 'histogram',
    unit: 's',
    labels: ['component'],
    description: 'How long calls waited for an instance, those that had to wait',
    bounds: durationBounds,
  },
  guestMemory: {
    name: 'weft.guest.memory',
    kind: 'gauge',
    unit: 'By',
    labels: ['component'],
    description: 'Linear memory of live instances',
  },
  databaseDuration: {
    name: 'db.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    labels: ['component', 'db.system.name', 'db.operation.name', 'error.type'],
    description: 'How long the database behind a provider took',
    bounds: durationBounds,
  },
  messagingDuration: {
    name: 'messaging.client.operation.duration',
    kind: 'histogram',
    unit: 's',
    labels: ['component', 'messaging.system.name', 'messaging.operation.name', 'error.type'],
    description: 'How long sending a message took, for a request the wait for its answer included',
    bounds: durationBounds,
  },
  traps: {
    name: 'weft.guest.traps',
    kind: 'counter',
    unit: '{trap}',
    labels: ['component'],
    description: 'Invocations that ended in a trap',
  },
  limitHits: {
    name: 'weft.limit.hits',
    kind: 'counter',
    unit: '{hit}',
    labels: ['component', 'limit'],
    description: 'Limits that were hit',
  },
  callsLost: {
    name: 'weft.calls.lost',
    kind: 'counter',
    unit: '{call}',
    labels: [],
    description: 'Calls that were lost with the data thread that had them',
  },
  wrpcMessages: {
    name: 'weft.wrpc.messages',
    kind: 'counter',
    unit: '{message}',
    labels: ['direction'],
    description: 'NATS messages of calls, sent and received by the data threads',
  },
  wrpcBytes: {
    name: 'weft.wrpc.io',
    kind: 'counter',
    unit: 'By',
    labels: ['direction'],
    description: 'The bytes of those messages',
  },
  wrpcOpen: {
    name: 'weft.wrpc.open',
    kind: 'gauge',
    unit: '{call}',
    labels: ['thread'],
    description: 'Calls under way over NATS, served and made',
  },
  natsReconnects: {
    name: 'weft.nats.reconnects',
    kind: 'counter',
    unit: '{reconnect}',
    labels: ['thread'],
    description: 'NATS connections that were lost and came back',
  },
  eventLoopDelayMean: {
    name: 'nodejs.eventloop.delay.mean',
    kind: 'gauge',
    unit: 's',
    labels: ['thread'],
    description: 'How late timers fire, on average in the last seconds, five at most',
  },
  eventLoopDelayP50: {
    name: 'nodejs.eventloop.delay.p50',
    kind: 'gauge',
    unit: 's',
    labels: ['thread'],
    description: 'How late timers fire, median of the last seconds, five at most',
  },
  eventLoopDelayP99: {
    name: 'nodejs.eventloop.delay.p99',
    kind: 'gauge',
    unit: 's',
    labels: ['thread'],
    description: 'How late timers fire, 99th percentile of the worst five seconds since the last export',
    keeps: 'highest',
  },
  eventLoopDelayMax: {
    name: 'nodejs.eventloop.delay.max',
    kind: 'gauge',
    unit: 's',
    labels: ['thread'],
    description: 'How late a timer fired at most since the last export',
    keeps: 'highest',
  },
  eventLoopUtilization: {
    name: 'nodejs.eventloop.utilization',
    kind: 'gauge',
    unit: '1',
    labels: ['thread'],
    description: 'The share of the last seconds, five at most, that the thread was at work',
  },
  cpuTime: {
    name: 'process.cpu.time',
    kind: 'counter',
    unit: 's',
    labels: ['cpu.mode'],
    description: 'CPU time of the host process',
  },
  residentMemory: {
    name: 'process.memory.usage',
    kind: 'gauge',
    unit: 'By',
    labels: [],
    description: 'Resident memory of the host process',
  },
  heapUsed: {
    name: 'v8js.memory.heap.used',
    kind: 'gauge',
    unit: 'By',
    labels: ['thread'],
    description: 'JavaScript heap in use',
  },
  uptime: {
    name: 'process.uptime',
    kind: 'gauge',
    unit: 's',
    labels: [],
    description: 'How long the host process runs',
  },
  telemetryDropped: {
    name: 'weft.telemetry.dropped',
    kind: 'counter',
    unit: '{item}',
    labels: ['signal', 'reason'],
    description: 'Spans, log records and metric exports that did not reach the collector',
  },
  seriesOverflow: {
    name: 'weft.telemetry.overflow',
    kind: 'counter',
    unit: '{measurement}',
    labels: ['metric'],
    description: 'Measurements that went into the overflow series because a metric had too many series',
  },
} as const satisfies Readonly<Record<MetricKey, MetricDefinition>>
