import type { Autoscaler } from '../manifest/read-autoscaler.ts'

/** What the hosts tell of a component at one moment. Times in milliseconds of any one clock. */
export interface Demand {
  readonly at: number
  /** Calls in flight or waiting, over all hosts. */
  readonly inFlight: number
  readonly requestsPerSecond: number
  /** The custom metric; undefined while nobody tells it. */
  readonly metric?: number | undefined
}

/** What is remembered of a component between two looks. */
export interface ScaleHistory {
  readonly instances: number
  /** When somebody called it last. */
  readonly busyAt: number
  readonly demands: readonly Demand[]
  /** What each look found right, as far back as the windows reach. */
  readonly found: readonly Found[]
}

interface Found {
  readonly at: number
  readonly instances: number
}

/** A moment is no load: demand is the mean over so long. */
const meanOverMs = 3_000

/** The history of a component that has this many instances now and of which nothing else is known. */
export function startHistory(instances: number, at: number): ScaleHistory {
  return { instances, busyAt: at, demands: [], found: [{ at, instances }] }
}

/**
 * How many instances a component should have, with what the next look needs. It gets more when load has asked for more
 * over all of `upAfterMs`, and fewer when it has asked for fewer over all of `downAfterMs`; the most modest of these
 * wishes counts.
 */
export function autoscale(rule: Autoscaler, history: ScaleHistory, demand: Demand): ScaleHistory {
  const { at } = demand
  const demands = [...history.demands, demand].filter((one) => at - one.at < meanOverMs)
  const isBusy = demand.inFlight > 0 || demand.requestsPerSecond > 0
  const busyAt = isBusy ? at : history.busyAt
  const least = rule.min > 0 || at - busyAt < rule.idleAfterMs ? Math.max(rule.min, 1) : 0
  const wish = Math.min(rule.max, Math.max(least, wanted(rule, demands) ?? history.instances))
  const longest = Math.max(rule.upAfterMs, rule.downAfterMs)
  const found = [...history.found.filter((one) => at - one.at <= longest), { at, instances: wish }]
  const within = (ms: number) => found.filter((one) => at - one.at <= ms).map(({ instances }) => instances)
  const more = Math.min(...within(rule.upAfterMs))
  const fewer = Math.max(...within(rule.downAfterMs))
  const { instances: now } = history
  // Sleep has a window of its own, which is over.
  const steady = wish === 0 ? 0 : more > now ? more : Math.min(fewer, now)
  return { instances: Math.min(rule.max, Math.max(least, steady)), busyAt, demands, found }
}

/** Undefined when nothing can be said: the only target is a metric that nobody tells. */
function wanted({ target }: Autoscaler, demands: readonly Demand[]): number | undefined {
  const mean = (of: (demand: Demand) => number) =>
    demands.reduce((sum, demand) => sum + of(demand), 0) / demands.length
  const metric = demands.at(-1)?.metric
  const wishes = [
    target.inFlight === undefined ? undefined : mean(({ inFlight }) => inFlight) / target.inFlight,
    target.requestsPerSecond === undefined
      ? undefined
      : mean(({ requestsPerSecond }) => requestsPerSecond) / target.requestsPerSecond,
    target.metric === undefined || metric === undefined ? undefined : metric / target.metric.value,
  ].filter((wish) => wish !== undefined)
  return wishes.length === 0 ? undefined : Math.ceil(Math.max(...wishes))
}
