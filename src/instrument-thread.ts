import type { DataThreadOptions, Instruments } from './host/data-thread.ts'
import type { ThreadInit } from './host/thread-messages.ts'
import { CallDurations, type DurationDelta } from './telemetry/call-durations.ts'
import { deliverDurations } from './telemetry/deliver-durations.ts'
import { measureCalls } from './telemetry/measure-calls.ts'
import { samplerFromEnv } from './telemetry/sampler.ts'
import type { SpanRecord, SpanResource } from './telemetry/span.ts'
import { SpanBuffer } from './telemetry/span-buffer.ts'
import { traceCalls } from './telemetry/trace-calls.ts'

/** What a data thread hands to the control thread's telemetry. */
export type TelemetryBatch =
  | { readonly spans: readonly SpanRecord[] }
  | { readonly durations: readonly DurationDelta[] }

/** Traces and measures the calls of a data thread. */
export function instrumentThread(
  init: ThreadInit,
  thread: Parameters<DataThreadOptions['instrument']>[0],
): Instruments {
  const send = (batch: TelemetryBatch) => thread.send(batch)
  const buffer = new SpanBuffer({ sink: (spans) => send({ spans }) })
  const durations = new CallDurations()
  const endDelivery = deliverDurations({ durations, sink: (deltas) => send({ durations: deltas }) })
  const sampler = samplerFromEnv(process.env)
  const resourceOf = (id: string): SpanResource => {
    const { application, ref } = thread.originOf(id)
    return {
      service: id,
      ...(application !== undefined && { namespace: application }),
      ...(ref !== undefined && { version: ref }),
      hostId: init.hostId,
      hostName: init.hostName,
    }
  }
  const around = (side: 'client' | 'server') => [
    traceCalls({ side, record: buffer.record, sampler, resourceOf }),
    measureCalls({ side, durations }),
  ]
  return {
    client: around('client'),
    server: around('server'),
    async flush() {
      endDelivery()
      await buffer.flush()
    },
  }
}
