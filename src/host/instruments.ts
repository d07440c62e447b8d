import type { Interceptor } from '../call/call.ts'
import type { GuestOtel } from '../capability/otel.ts'
import type { TelemetrySettings } from '../component-settings.ts'
import type { Measure } from '../measure.ts'

/** Where a component or provider of a thread comes from, for telemetry. */
export interface Origin {
  readonly application?: string
  readonly ref?: string
  readonly telemetry?: TelemetrySettings
}

/** What is put around calls. */
export interface Instruments {
  /** Around those that leave a component or provider. */
  readonly client: readonly Interceptor[]
  /** Around those it gets. */
  readonly server: readonly Interceptor[]
  /**
   * Instead of `server` around those between a component and a provider of the thread, by the component's side: `client` where
   * it calls, `server` where it is called.
   */
  readonly whole: Readonly<Record<'client' | 'server', readonly Interceptor[]>>
  readonly measure: Measure
  /** Takes what guests make known of themselves. */
  readonly otel: GuestOtel
  /** Makes spans of what is over: to be called before who did it is gone, or becomes another. */
  settle(): void
  /** Hands on what has been measured so far. */
  flush(): Promise<void>
}

/** Makes the instruments of a data thread; `send` brings batches to the control thread. */
export type Instrument = (thread: {
  readonly originOf: (id: string) => Origin
  /** Whether a component runs on the thread. */
  readonly runsHere: (component: string) => boolean
  /** `moved` is memory that goes along without a copy. */
  readonly send: (batch: unknown, moved: ArrayBuffer[]) => void
}) => Instruments
