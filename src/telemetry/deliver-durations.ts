import type { CallDurations, DurationDelta } from './call-durations.ts'

export interface DeliverDurationsOptions {
  readonly durations: CallDurations
  /** Takes the deltas away, to the control thread. */
  readonly sink: (deltas: DurationDelta[]) => void
  /** Milliseconds between deliveries. Default 1000. */
  readonly everyMs?: number
}

/** Hands a data thread's measurements on, again and again. The function that comes back delivers the rest and stops. */
export function deliverDurations(options: DeliverDurationsOptions): () => void {
  const deliver = () => {
    const deltas = options.durations.take()
    if (deltas.length > 0) options.sink(deltas)
  }
  const timer = setInterval(deliver, options.everyMs ?? 1000).unref()
  return () => {
    clearInterval(timer)
    deliver()
  }
}
