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

/** What is put around calls: `client` around those that leave a component or provider, `server` around those it gets. */
export interface Instruments {
  readonly client: readonly Interceptor[]
  readonly server: readonly Interceptor[]
  readonly measure: Measure
  /** Takes what guests make known of themselves. */
  readonly otel: GuestOtel
  /** Hands on what has been measured so far. */
  flush(): Promise<void>
}

/** Makes the instruments of a data thread; `send` brings batches to the control thread. */
export type Instrument = (thread: {
  readonly originOf: (id: string) => Origin
  /** What an id stands for on the thread; undefined for what is elsewhere or nowhere. */
  readonly runsHere: (id: string) => 'component' | 'provider' | undefined
  /** `moved` is memory that goes along without a copy. */
  readonly send: (batch: unknown, moved: ArrayBuffer[]) => void
}) => Instruments
