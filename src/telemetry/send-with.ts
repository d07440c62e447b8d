import { WeftError } from '../errors.ts'

/** The part of an OpenTelemetry exporter that is used here. */
export interface Exporter<T> {
  export(items: T, done: (result: { readonly code: number; readonly error?: Error }) => void): void
  shutdown(): Promise<void>
}

/** Exports once; a rejection is the collector's failure. */
export function sendWith<T>(exporter: Exporter<T>, items: T): Promise<void> {
  return new Promise((resolve, reject) => {
    exporter.export(items, (result) => {
      if (result.code === 0) resolve()
      else reject(result.error ?? new WeftError('unavailable', 'the collector gave no reason'))
    })
  })
}
