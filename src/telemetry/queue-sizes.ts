import type { Env } from './otlp-target.ts'

/**
 * The sizes of a signal's queue, by the standard variables of its batch processor: `OTEL_BSP_*` for spans, `OTEL_BLRP_*`
 * for log records. Left out, or nonsense: Weft's own defaults.
 */
export function queueSizes(
  env: Env,
  processor: 'BSP' | 'BLRP',
): { readonly delayMs?: number; readonly batchSize?: number; readonly maxWaiting?: number } {
  const read = (name: string) => {
    const value = Number(env[`OTEL_${processor}_${name}`])
    return Number.isSafeInteger(value) && value > 0 && value < 2 ** 31 ? value : undefined
  }
  const delayMs = read('SCHEDULE_DELAY')
  const batchSize = read('MAX_EXPORT_BATCH_SIZE')
  const maxWaiting = read('MAX_QUEUE_SIZE')
  return {
    ...(delayMs !== undefined && { delayMs }),
    ...(batchSize !== undefined && { batchSize: Math.min(batchSize, maxWaiting ?? batchSize) }),
    ...(maxWaiting !== undefined && { maxWaiting }),
  }
}
