import type { HostData } from './lattice/host-data.ts'
import { spansSubject } from './lattice/subjects.ts'
import type { Log } from './log.ts'
import type { RunProviderOptions } from './runner/run-provider.ts'
import { deliverMeasurements } from './telemetry/deliver-measurements.ts'
import { exportMetrics } from './telemetry/export-metrics.ts'
import { exportSpans } from './telemetry/export-spans.ts'
import { Measurements } from './telemetry/measurements.ts'
import { deliveryIntervalMs } from './telemetry/metric-intervals.ts'
import { isSdkDisabled } from './telemetry/otlp-target.ts'
import { samplerOfThread } from './telemetry/sampler.ts'
import { serviceFromEnv } from './telemetry/service.ts'
import { SpanBuffer } from './telemetry/span-buffer.ts'
import { traceCalls } from './telemetry/trace-calls.ts'
import { watchProcess } from './telemetry/watch-process.ts'
import { watchThread } from './telemetry/watch-thread.ts'

/** How long telemetry that is still on its way may hold up the end. */
const flushMs = 1_000

export type InstrumentedProvider = ReturnType<RunProviderOptions['instrument']> & {
  /** Puts the spans that wait on their way to the lattice, without waiting: for a process that is about to exit. */
  handOver(): void
}

/**
 * Traces and measures the calls of a provider that runs in this process, and exports them: over OTLP as the environment
 * says that its host has made, spans to the lattice too. Its log lines go to its host.
 */
export function instrumentProvider(
  { data, env, log }: { readonly data: HostData; readonly env: NodeJS.ProcessEnv; readonly log: Log },
  connection: Parameters<RunProviderOptions['instrument']>[0],
): InstrumentedProvider {
  if (isSdkDisabled(env)) return { client: [], server: [], stop: async () => {}, handOver() {} }
  const service = serviceFromEnv(env, { id: data.provider_key, hostId: data.host_id })
  const resourceOf = () => service
  const measurements = new Measurements('provider', resourceOf)
  const dropped = (signal: string) => (count: number, reason: string) =>
    measurements.add('telemetryDropped', count, { signal, reason })
  const spans = exportSpans({
    env,
    log,
    onDropped: dropped('traces'),
    publishSpans: (message) => connection.publish(spansSubject(data.lattice_rpc_prefix), message),
  })
  const metrics = exportMetrics({ env, log, host: service, onDropped: dropped('metrics') })
  const buffer = new SpanBuffer({ sink: (groups) => spans.accept(groups) })
  const sampler = samplerOfThread(env)
  watchProcess(measurements)
  const endWatch = watchThread(measurements, 'provider')
  const endDelivery = deliverMeasurements({
    measurements,
    sink: (batch) => metrics.accept(batch),
    everyMs: deliveryIntervalMs(env),
  })
  const calls = traceCalls({ record: buffer.recordDraft, sampler, resourceOf, measurements })
  return {
    client: [calls.client],
    server: [calls.server],
    handOver() {
      calls.settle()
      void buffer.flush()
      // This writes what the connection holds, at once; nobody is left to hear what comes of it.
      connection.flush().catch(() => {})
    },
    async stop() {
      calls.settle()
      endDelivery()
      endWatch()
      await buffer.flush()
      await Promise.all([spans.stop(flushMs), metrics.stop(flushMs)])
    },
  }
}
