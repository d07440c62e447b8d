import type { MeasurementBatch, Measurements } from './measurements.ts'

export interface DeliverMeasurementsOptions {
  readonly measurements: Measurements
  /** Takes a batch away, to the control thread's totals. */
  readonly sink: (batch: MeasurementBatch) => void
  /** Milliseconds between deliveries. */
  readonly everyMs: number
}

/** Hands a thread's measurements on, again and again. The function that comes back delivers the rest and stops. */
export function deliverMeasurements({ measurements, sink, everyMs }: DeliverMeasurementsOptions): () => void {
  const deliver = () => sink(measurements.take())
  const timer = setInterval(deliver, everyMs).unref()
  return () => {
    clearInterval(timer)
    deliver()
  }
}
