import type { OtelLog, OtelMetric, OtelScope } from '../capability/otel.ts'
import type { Log } from '../log.ts'
import type { DropReason } from './export-queue.ts'
import type { GuestBatch } from './guest-telemetry.ts'
import { OtlpExport } from './otlp-export.ts'
import { writeLogs } from './otlp-logs.ts'
import { writeMetrics } from './otlp-metrics.ts'
import type { Env, Signal } from './otlp-target.ts'
import { queueSizes } from './queue-sizes.ts'
import type { SpanResource } from './span.ts'

export interface ExportGuestsOptions {
  readonly env: Env
  readonly log: Log
  readonly onDropped: (signal: Signal, count: number, reason: DropReason) => void
}

interface Scoped<T> {
  readonly maker: SpanResource
  readonly scope: OtelScope
  readonly items: readonly T[]
}

/** Exports log records and metrics that guests made, as they made them: nothing is added up again. */
export function exportGuests({ env, log, onDropped }: ExportGuestsOptions): {
  accept(batches: readonly GuestBatch[]): void
  stop(timeoutMs: number): Promise<void>
} {
  const common = <T>(signal: Signal) => ({
    env,
    log,
    signal,
    onDropped: (count: number, reason: DropReason) => onDropped(signal, count, reason),
    makerOf: (one: Scoped<T>) => one.maker,
    itemsOf: (one: Scoped<T>) => one.items,
    scopeOf: (one: Scoped<T>) => one.scope,
    queue: { ...queueSizes(env, 'BLRP'), weigh: (one: Scoped<T>) => one.items.length },
  })
  const logs = new OtlpExport<Scoped<OtelLog>, OtelLog>({ ...common<OtelLog>('logs'), write: writeLogs })
  const metrics = new OtlpExport<Scoped<OtelMetric>, OtelMetric>({
    ...common<OtelMetric>('metrics'),
    write: writeMetrics,
  })
  return {
    accept(batches) {
      for (const batch of batches) {
        const { maker } = batch
        if ('logs' in batch) {
          logs.push(batch.logs.map((record) => ({ maker, scope: record.scope, items: [record] })))
        } else {
          metrics.push(batch.metrics.map(({ scope, metrics: items }) => ({ maker, scope, items })))
        }
      }
    },
    async stop(timeoutMs) {
      await Promise.all([logs.stop(timeoutMs), metrics.stop(timeoutMs)])
    },
  }
}
