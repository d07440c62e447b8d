import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import { readTime } from './read-quantity.ts'
import type { Report } from './report.ts'

/** How the number of instances of a component follows its load. Times in milliseconds. */
export interface Autoscaler {
  /** The fewest instances over all hosts; with 0 it sleeps when nobody calls it. */
  readonly min: number
  readonly max: number
  /** What one instance is to carry. With several, the one that asks for most counts. */
  readonly target: {
    /** Calls in flight or waiting. */
    readonly inFlight?: number
    readonly requestsPerSecond?: number
    /** A number that somebody publishes on `weft.metric.{lattice}.{name}`. */
    readonly metric?: { readonly name: string; readonly value: number }
  }
  /** Load must ask for more so long before there is more. */
  readonly upAfterMs: number
  /** Load must ask for less so long before there is less. */
  readonly downAfterMs: number
  /** With a `min` of 0: nobody calls it for so long before it sleeps. */
  readonly idleAfterMs: number
}

/** Three of four instances busy leaves room for what comes until there are more. */
const defaultInFlight = 0.75
const defaultUpAfterMs = 0
const defaultDownAfterMs = 30_000
const defaultIdleAfterMs = 60_000
const mostInstances = 4_294_967_295

/** Reads the properties of an `autoscaler` trait. */
export function readAutoscaler(report: Report, node: Located): Autoscaler | undefined {
  const fields = Fields.open(report, node, {
    what: 'the autoscaler',
    known: ['min', 'max', 'target', 'upAfter', 'downAfter', 'idleAfter'],
    others: 'refused',
  })
  if (!fields) return undefined
  if (!fields.has('max')) return fields.missing('max', 'a number such as 100')
  const max = fields.count('max')
  const min = fields.count('min') ?? 1
  if (max !== undefined && (max < 1 || max >= mostInstances || min > max))
    report.problem(
      fields.get('max')?.offset ?? fields.offset,
      `"max" of the autoscaler is ${max} and "min" is ${min}, expected 1 or more, and no more than "max"`,
    )
  const target = readTarget(report, fields.get('target'))
  if (max === undefined) return undefined
  return {
    min,
    max,
    target,
    upAfterMs: readTime(fields, 'upAfter') ?? defaultUpAfterMs,
    downAfterMs: readTime(fields, 'downAfter') ?? defaultDownAfterMs,
    idleAfterMs: readTime(fields, 'idleAfter') ?? defaultIdleAfterMs,
  }
}

function readTarget(report: Report, node: Located | undefined): Autoscaler['target'] {
  if (!node) return { inFlight: defaultInFlight }
  const fields = Fields.open(report, node, {
    what: 'the target of the autoscaler',
    known: ['inFlight', 'requestsPerSecond', 'metric'],
    others: 'refused',
  })
  if (!fields) return {}
  const inFlight = positive(fields, 'inFlight')
  const requestsPerSecond = positive(fields, 'requestsPerSecond')
  const metric = readMetric(report, fields.get('metric'))
  if (!['inFlight', 'requestsPerSecond', 'metric'].some((name) => fields.has(name)))
    fields.missing('inFlight', 'a number such as 0.75, "requestsPerSecond" or "metric"')
  return {
    ...(inFlight !== undefined && { inFlight }),
    ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    ...(metric && { metric }),
  }
}

function readMetric(report: Report, node: Located | undefined): Autoscaler['target']['metric'] {
  if (!node) return undefined
  const fields = Fields.open(report, node, {
    what: 'the metric of the autoscaler',
    known: ['name', 'value'],
    others: 'refused',
  })
  const name = fields?.requiredText('name', '"orders-waiting"')
  if (!fields || name === undefined) return undefined
  if (!/^[\w-]+$/.test(name))
    report.problem(
      fields.get('name')?.offset ?? fields.offset,
      `the metric "${name}" can't be part of a NATS subject, expected letters, digits, "-" and "_"`,
    )
  if (!fields.has('value')) return fields.missing('value', 'what one instance is to carry, such as 20')
  const value = positive(fields, 'value')
  return value === undefined ? undefined : { name, value }
}

function positive(fields: Fields, name: string): number | undefined {
  const node = fields.get(name)
  if (!node) return undefined
  if (typeof node.value === 'number' && Number.isFinite(node.value) && node.value > 0) return node.value
  fields.report.problem(
    node.offset,
    `"${name}" of the autoscaler is ${JSON.stringify(node.value)}, expected a number above 0`,
  )
  return undefined
}
