import { startHost } from './host/host.ts'
import type { Host, HostOptions } from './host/host-options.ts'
import { startHostTelemetry } from './host-telemetry.ts'
import type { TelemetryBatch } from './instrument-thread.ts'
import { connectNats } from './lattice/connect.ts'
import { createHostIdentity } from './lattice/host-identity.ts'
import { logsSubject, spansSubject } from './lattice/subjects.ts'
import { createLog, type Log, type LogRecord } from './log.ts'
import { sibling } from './sibling.ts'
import { samplerFromEnv } from './telemetry/sampler.ts'
import type { TraceWork } from './trace-work.ts'

export interface StartHostOptions
  extends Omit<
    HostOptions,
    | 'dataThread'
    | 'providerRunner'
    | 'providerTelemetry'
    | 'identify'
    | 'identity'
    | 'log'
    | 'measure'
    | 'onLog'
    | 'onTelemetry'
    | 'traceWork'
  > {
  /** nkeys server seed (`SN…`); a new identity when left out. */
  readonly seed?: string
  /** What people call the host; a made-up name when left out. */
  readonly name?: string
  /** Takes every log line of the host and its guests. */
  readonly logSink: (record: LogRecord) => void
}

/** A host with its telemetry. */
export interface InstrumentedHost extends Host {
  /** Makes spans of what a controller beside the host does. */
  readonly traceController: TraceWork
  /** Its log lines go where the host's own go: terminal, collector, lattice. */
  readonly log: Log
}

/** How long telemetry that is still on its way may hold up the end. */
const flushMs = 3_000

/** Starts a host with its telemetry: spans, call durations and logs to OTLP where `env` says so, spans to the lattice. */
export async function startInstrumentedHost(options: StartHostOptions): Promise<InstrumentedHost> {
  const { env, lattice, natsUrl } = options
  // A sampler that there is not is said before anything is started.
  samplerFromEnv(env)
  let sinks: readonly ((record: LogRecord) => void)[] = [options.logSink]
  const onLog = (record: LogRecord) => {
    for (const sink of sinks) sink(record)
  }
  const log = createLog(onLog)
  // A connection of their own: spans that pile up must not delay a heartbeat.
  const connection = await connectNats({
    url: natsUrl,
    name: 'weft-telemetry',
    jetstream: false,
    login: options.natsLogin,
  })
  const identity = createHostIdentity(options.seed, options.name)
  const telemetry = startHostTelemetry({
    env,
    log,
    identity,
    publishSpans: (message) => connection.publish(spansSubject(lattice), message),
    publishLogs: (message) => connection.publish(logsSubject(lattice), message),
  })
  sinks = [options.logSink, telemetry.logSink]
  try {
    const host = await startHost({
      ...options,
      identity,
      measure: telemetry.measure,
      traceWork: telemetry.traceWork,
      identify: (maker) => telemetry.identify(maker),
      providerTelemetry: (provider) => telemetry.ofProvider(provider),
      dataThread: sibling(import.meta.url, 'data-thread'),
      providerRunner: sibling(import.meta.url, 'run-provider'),
      log,
      onLog,
      onTelemetry: (batch) => telemetry.accept(batch as TelemetryBatch),
    })
    return {
      ...host,
      traceController: telemetry.traceController,
      log,
      async stop(graceMs) {
        await host.stop(graceMs)
        await telemetry.stop(flushMs)
        await connection.drain().catch(() => {})
      },
    }
  } catch (error) {
    await telemetry.stop(flushMs)
    await connection.close()
    throw error
  }
}
