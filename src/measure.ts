/** What is counted; each only ever grows. */
export type CounterName =
  /** A guest trapped. Labels: `component`. */
  | 'traps'
  /** A limit was hit. Labels: `component`, `limit`. */
  | 'limitHits'
  /** A call was lost with the thread that had it. Labels: none. */
  | 'callsLost'
  /** Telemetry that reached nobody. Labels: `signal`, `reason`. */
  | 'telemetryDropped'

/** What somebody else counts already: read when measurements are collected, the total since the start. */
export type TotalName =
  /** How often a NATS connection was lost and came back. Labels: `thread`. */
  | 'natsReconnects'
  /** Messages of the data threads' connections. Labels: `direction` (`sent`, `received`). */
  | 'wrpcMessages'
  /** Their bytes. Labels: `direction`. */
  | 'wrpcBytes'

/** What is measured again and again, and shown as a distribution; in seconds. */
export type HistogramName =
  /** A call from its start until it is over. Labels: `component`, `interface`, `operation`, `side`, `outcome`. */
  | 'callDuration'
  /** How long a call waited for a permit. Labels: `component`. */
  | 'queueWait'
  /** How long an invocation waited for its instance. Labels: `component`, `start` (`cold`). */
  | 'instanceStart'
  /** From artifact to something that can be instantiated. Labels: `component`, `source` (`compiled`, `cached`). */
  | 'componentLoad'
  /** What a provider asked of its database. Labels: `component`, and those that OpenTelemetry names. */
  | 'databaseDuration'
  /** What a provider sent to its broker. Labels: the same. */
  | 'messagingDuration'

/** What goes up and down, and is read when measurements are collected; the values of a host's threads add up. */
export type GaugeName =
  /** Invocations that run. Labels: `component`. */
  | 'activeInstances'
  /** Instances kept ready ahead of demand. Labels: `component`. */
  | 'readyInstances'
  /** The most invocations that may run. Labels: `component`. */
  | 'maxInstances'
  /** Calls that wait for a permit. Labels: `component`. */
  | 'queueDepth'
  /** Bytes of linear memory of live instances. Labels: `component`. */
  | 'guestMemory'
  /** Calls under way over NATS, served and made. Labels: `thread`. */
  | 'wrpcOpen'

export type Labels = Readonly<Record<string, string>>

/** One value of a gauge or a total. */
export interface Sample {
  readonly labels: Labels
  readonly value: number
}

/** The span that a measurement was made under; it becomes the measurement's example. */
export interface MeasuredUnder {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/**
 * The port for measurements. Labels are few and bounded: ids of components, names that WIT lists, never what a guest or
 * a caller makes up. Nothing here throws or waits.
 */
export interface Measure {
  /** Adds to a counter. */
  add(counter: CounterName, value: number, labels: Labels): void
  /** One value of a distribution, in seconds. */
  observe(histogram: HistogramName, seconds: number, labels: Labels, under?: MeasuredUnder): void
  /** From now on `read` is asked every few seconds; the function that comes back ends that. */
  watch(what: GaugeName | TotalName, read: () => Iterable<Sample>): () => void
}

/** Measures nothing: for tests, and for parts that run without telemetry. */
export const noMeasure: Measure = { add() {}, observe() {}, watch: () => () => {} }
