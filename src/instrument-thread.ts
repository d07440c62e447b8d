import { defaultOtelLimits } from './capability/otel.ts'
import type { Instrument, Instruments } from './host/instruments.ts'
import type { ThreadInit } from './host/thread-messages.ts'
import { noMeasure } from './measure.ts'
import { deliverMeasurements } from './telemetry/deliver-measurements.ts'
import { guestLimits } from './telemetry/guest-limits.ts'
import { type GuestBatch, guestTelemetry } from './telemetry/guest-telemetry.ts'
import { type MeasurementBatch, Measurements } from './telemetry/measurements.ts'
import { deliveryIntervalMs } from './telemetry/metric-intervals.ts'
import { isSdkDisabled } from './telemetry/otlp-target.ts'
import { samplerOfThread } from './telemetry/sampler.ts'
import { serviceOf } from './telemetry/service.ts'
import type { SpanResource } from './telemetry/span.ts'
import { SpanBuffer } from './telemetry/span-buffer.ts'
import type { SpanGroup } from './telemetry/span-groups.ts'
import { traceCalls } from './telemetry/trace-calls.ts'
import { watchThread } from './telemetry/watch-thread.ts'

/** What a data thread hands to the control thread's telemetry. */
export type TelemetryBatch =
  | { readonly spans: readonly SpanGroup[] }
  | { readonly measured: MeasurementBatch }
  | { readonly guests: readonly GuestBatch[] }

/** Traces and measures the calls of a data thread. */
export function instrumentThread(init: ThreadInit, thread: Parameters<Instrument>[0]): Instruments {
  const send = (batch: TelemetryBatch, moved: ArrayBuffer[] = []) => thread.send(batch, moved)
  if (isSdkDisabled(process.env)) return nothing
  const resourceOf = (id: string): SpanResource =>
    serviceOf({ id, ...thread.originOf(id) }, { hostId: init.hostId, hostName: init.hostName })
  const name = `data-${init.index}`
  const measurements = new Measurements(name, resourceOf)
  const buffer = new SpanBuffer({
    sink: (spans) =>
      send(
        { spans },
        spans.map((group) => group.spans.buffer),
      ),
    onDropped: (count) =>
      measurements.add('telemetryDropped', count, { signal: 'traces', reason: 'thread-queue-full' }),
  })
  const endWatch = watchThread(measurements, name)
  const endDelivery = deliverMeasurements({
    measurements,
    sink: (measured) => send({ measured }),
    everyMs: deliveryIntervalMs(process.env),
  })
  const guests = guestTelemetry({
    limits: guestLimits(process.env),
    resourceOf,
    recordSpan: buffer.record,
    send: (batches) => send({ guests: batches }),
    measure: measurements,
  })
  const sampler = samplerOfThread(process.env)
  const { runsHere } = thread
  const calls = traceCalls({ record: buffer.recordDraft, sampler, resourceOf, runsHere, measurements })
  return {
    client: [calls.client],
    server: [calls.server],
    whole: { client: [calls.whole.client], server: [calls.whole.server] },
    measure: measurements,
    otel: guests,
    settle: () => calls.settle(),
    async flush() {
      calls.settle()
      guests.flush()
      endDelivery()
      endWatch()
      await buffer.flush()
    },
  }
}

const nothing: Instruments = {
  client: [],
  server: [],
  whole: { client: [], server: [] },
  measure: noMeasure,
  otel: { limits: defaultOtelLimits, span() {}, log() {}, metrics() {}, dropped() {} },
  settle() {},
  flush: async () => {},
}
