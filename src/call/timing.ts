import type { TraceContext } from './trace-context.ts'

/** A named stretch of time within a call, in milliseconds since the epoch (with fractions). */
export type Timing = Stretch &
  ({ readonly name: 'queued' | 'instantiated' | 'woken' } | ImportedTiming | BackendTiming)

interface Stretch {
  readonly start: number
  readonly end: number
}

/** What a guest asked of the host itself, which is no call. */
export interface ImportedTiming {
  readonly name: 'imported'
  /** Package, interface and function, as calls are named: `config/store get`. */
  readonly label: string
  /** The span that was open at that moment. */
  readonly under: string | undefined
}

/** What a provider asked of the database or broker behind it. */
export interface BackendTiming {
  readonly name: 'backend'
  readonly kind: 'database' | 'messaging'
  /** As OpenTelemetry names it: `redis`, `nats`. */
  readonly system: string
  /** `GET`, `publish`; few different ones. */
  readonly operation: string
  /** The span's own id, for what carries it on; undefined when nothing does. */
  readonly spanId?: string | undefined
  /** The database, or where a message goes. */
  readonly destination?: string
  /** Keys or messages, where they are several. */
  readonly batchSize?: number
  readonly bodySize?: number
  readonly server?: { readonly address: string; readonly port: number }
  /** Why it failed; undefined when it did not. */
  readonly failure?: string | undefined
  /** The code of the failure in the words of the backend, one of few: `WRONGTYPE`. */
  readonly failureCode?: string
  /** What the answer to a message was sent under. */
  readonly answeredUnder?: TraceContext | undefined
}
