import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { metricSubject } from './subjects.ts'

/** What was said longer ago says nothing about now. */
const freshMs = 60_000
const mostMetrics = 10_000

/** Keeps the latest number that was published under each name, as text on `weft.metric.{lattice}.{name}`. */
export function watchMetrics(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly log: Log
}): { latest(name: string): number | undefined; stop(): void } {
  const { connection, lattice, log } = options
  const metrics = new Map<string, { readonly value: number; readonly at: number }>()
  const prefix = metricSubject(lattice, '*').slice(0, -1)
  const subscription = subscribeGuarded(connection, metricSubject(lattice, '*'), {
    log,
    onMessage(message) {
      const text = message.string().trim()
      const value = Number(text)
      if (text === '' || !Number.isFinite(value) || value < 0)
        throw new WeftError(
          'invalid',
          `expected a number from 0 on, got ${JSON.stringify(text.slice(0, 40))}`,
        )
      const name = message.subject.slice(prefix.length)
      if (metrics.has(name) || metrics.size < mostMetrics) metrics.set(name, { value, at: performance.now() })
    },
  })
  return {
    latest(name) {
      const metric = metrics.get(name)
      return metric && performance.now() - metric.at < freshMs ? metric.value : undefined
    },
    stop: () => subscription.unsubscribe(),
  }
}
