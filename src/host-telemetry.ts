import type { TelemetryBatch } from './instrument-thread.ts'
import type { HostIdentity } from './lattice/host-identity.ts'
import { publishLogs } from './lattice/publish-logs.ts'
import type { Log, LogRecord } from './log.ts'
import type { Measure } from './measure.ts'
import { type ProviderTelemetry, providerTelemetry } from './provider-telemetry.ts'
import { deliverMeasurements } from './telemetry/deliver-measurements.ts'
import { exportGuests } from './telemetry/export-guests.ts'
import { exportLog } from './telemetry/export-log.ts'
import { exportMetrics } from './telemetry/export-metrics.ts'
import type { DropReason } from './telemetry/export-queue.ts'
import { exportSpans } from './telemetry/export-spans.ts'
import { guestLogLine } from './telemetry/guest-log-line.ts'
import { Measurements } from './telemetry/measurements.ts'
import { deliveryIntervalMs } from './telemetry/metric-intervals.ts'
import { isSdkDisabled, type Signal } from './telemetry/otlp-target.ts'
import { samplerFromEnv } from './telemetry/sampler.ts'
import { type Known, serviceOf } from './telemetry/service.ts'
import type { SpanResource } from './telemetry/span.ts'
import { SpanBuffer } from './telemetry/span-buffer.ts'
import { traceWork } from './telemetry/trace-work.ts'
import { watchProcess } from './telemetry/watch-process.ts'
import { watchThread } from './telemetry/watch-thread.ts'
import { type TraceWork, untraced } from './trace-work.ts'

export interface HostTelemetryOptions {
  readonly env: NodeJS.ProcessEnv
  readonly log: Log
  readonly identity: HostIdentity
  /** Puts one message on `weft.spans.{lattice}`. */
  readonly publishSpans: (message: Uint8Array) => void
  /** Puts one message on `weft.logs.{lattice}`. */
  readonly publishLogs: (message: string) => void
}

/** The telemetry of a host's control thread: takes what the data threads hand over, and exports all of it. */
export interface HostTelemetry {
  readonly measure: Measure
  /** Makes spans of what the host does itself. */
  readonly traceWork: TraceWork
  /** The same for the controller that runs beside it. */
  readonly traceController: TraceWork
  readonly logSink: (record: LogRecord) => void
  /** From now on log lines and measurements of the control thread about `known` carry its service. */
  identify(known: Known): void
  /** What a provider's process is told. */
  ofProvider(provider: Known): ProviderTelemetry
  accept(batch: TelemetryBatch): void
  /** Sends what there is, within `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>
}

/** More than one host ever runs. */
const mostMakers = 10_000

/** Starts it: spans, metrics and logs to OTLP where `env` says so, spans to the lattice. */
export function startHostTelemetry(options: HostTelemetryOptions): HostTelemetry {
  const { env, log, identity, publishSpans } = options
  const host: SpanResource = {
    service: 'weft-host',
    hostId: identity.id,
    hostName: identity.friendlyName,
    isPlatform: true,
  }
  const around = { hostId: identity.id, hostName: identity.friendlyName }
  const makers = new Map<string, SpanResource>()
  const resourceOf = (id: string): SpanResource => {
    const known = makers.get(id)
    if (known) return known
    const made = { ...around, service: id }
    makers.set(id, made)
    return made
  }
  const identify = (known: Known) => {
    if (makers.size > mostMakers) makers.clear()
    makers.set(known.id, serviceOf(known, around))
  }
  const measurements = new Measurements('control', resourceOf)
  const drops = (signal: Signal) => (count: number, reason: DropReason) =>
    measurements.add('telemetryDropped', count, { signal, reason })
  const spans = exportSpans({ env, log, onDropped: drops('traces'), publishSpans })
  const metrics = exportMetrics({ env, log, host, onDropped: drops('metrics') })
  const logs = exportLog({ env, log, host, resourceOf, onDropped: drops('logs') })
  const guests = exportGuests({
    env,
    log,
    onDropped: (signal, count, reason) => drops(signal)(count, reason),
  })
  const published = publishLogs({ publish: options.publishLogs, host: identity.friendlyName })
  const buffer = new SpanBuffer({ sink: (groups) => spans.accept(groups) })
  const traceBy = (resource: SpanResource): TraceWork =>
    isSdkDisabled(env)
      ? untraced
      : traceWork({ record: buffer.record, sampler: samplerFromEnv(env), resource })
  watchProcess(measurements)
  const endWatch = watchThread(measurements, 'control')
  const endDelivery = deliverMeasurements({
    measurements,
    sink: (measured) => metrics.accept(measured),
    everyMs: deliveryIntervalMs(env),
  })
  return {
    measure: measurements,
    traceWork: traceBy(host),
    traceController: traceBy({ ...host, service: 'weft-controller' }),
    logSink(record) {
      if (!isWorthKeeping(record)) return
      logs.sink(record)
      published.sink(record)
    },
    identify,
    ofProvider(provider) {
      identify(provider)
      return providerTelemetry(env, provider, around)
    },
    accept(batch) {
      if ('spans' in batch) {
        spans.accept(batch.spans)
        return
      }
      if ('guests' in batch) {
        guests.accept(batch.guests)
        for (const one of batch.guests) {
          if (!('logs' in one)) continue
          for (const log of one.logs) published.sink(guestLogLine(one.component, log))
        }
        return
      }
      metrics.accept(batch.measured)
      if (makers.size > mostMakers) makers.clear()
      for (const [id, maker] of Object.entries(batch.measured.makers)) makers.set(id, maker)
    },
    async stop(timeoutMs) {
      published.stop()
      await buffer.flush()
      await Promise.all([spans.stop(timeoutMs), logs.stop(timeoutMs), guests.stop(timeoutMs)])
      endDelivery()
      endWatch()
      await metrics.stop(timeoutMs)
    },
  }
}

/** What Weft says below `info` is for the terminal of who debugs it; what a guest says is the guest's choice. */
function isWorthKeeping({ level, attributes }: LogRecord): boolean {
  return (level !== 'debug' && level !== 'trace') || attributes['stream'] !== undefined
}
