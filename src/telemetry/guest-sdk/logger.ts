import type { Logger, LogRecord } from '@opentelemetry/api'
import { jsonFromValue, keyValues } from './host.ts'
import { currentIds, type GuestScope, hostScope, spanContextIn } from './tracer.ts'

/** A logger whose records the host exports, under the span that is active. */
export class GuestLogger implements Logger {
  readonly #own: GuestScope

  constructor(own: GuestScope) {
    this.#own = own
  }

  emit(record: LogRecord): void {
    const { host, times } = this.#own
    const ids = (record.context && spanContextIn(record.context)) ?? currentIds(this.#own)
    host.logs?.onEmit({
      timestamp: times.from(record.timestamp),
      observedTimestamp: times.from(record.observedTimestamp),
      severityText: record.severityText,
      severityNumber: record.severityNumber,
      body: record.body === undefined ? undefined : jsonFromValue(record.body),
      attributes: keyValues(record.attributes),
      eventName: record.eventName,
      resource: undefined,
      instrumentationScope: hostScope(this.#own),
      traceId: ids?.traceId,
      spanId: ids?.spanId,
      traceFlags: ids && { sampled: (ids.traceFlags & 1) === 1 },
    })
  }

  enabled(): boolean {
    return this.#own.host.logs !== undefined
  }
}
