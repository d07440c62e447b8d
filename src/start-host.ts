import { type Host, type HostOptions, startHost } from './host/host.ts'
import type { TelemetryBatch } from './instrument-thread.ts'
import { connectNats } from './lattice/connect.ts'
import { spansSubject } from './lattice/subjects.ts'
import { createLog, type Log, type LogRecord } from './log.ts'
import { sibling } from './sibling.ts'
import { exportLog } from './telemetry/export-log.ts'
import { exportMetrics } from './telemetry/export-metrics.ts'
import { exportSpans } from './telemetry/export-spans.ts'
import type { SpanResource } from './telemetry/span.ts'

export interface StartHostOptions extends Omit<HostOptions, 'dataThread' | 'log' | 'onLog' | 'onTelemetry'> {
  readonly env: NodeJS.ProcessEnv
  /** Takes every log line of the host and its guests. */
  readonly logSink: (record: LogRecord) => void
}

/** How long telemetry that is still on its way may hold up the end. */
const flushMs = 3_000

/** Starts a host with its telemetry: spans, call durations and logs to OTLP where `env` says so, spans to the lattice. */
export async function startInstrumentedHost(options: StartHostOptions): Promise<Host> {
  const { env, lattice, natsUrl } = options
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
  const spans = exportSpans({
    env,
    log,
    publishSpans: (message) => connection.publish(spansSubject(lattice), message),
  })
  let telemetry: ReturnType<typeof hostTelemetry> | undefined
  const early: TelemetryBatch[] = []
  const accept = (batch: TelemetryBatch) => {
    if ('spans' in batch) spans.accept(batch.spans)
    else if (telemetry) telemetry.metrics?.accept(batch.durations)
    else early.push(batch)
  }
  try {
    const host = await startHost({
      ...options,
      dataThread: sibling(import.meta.url, 'data-thread'),
      log,
      onLog,
      onTelemetry: (batch) => accept(batch as TelemetryBatch),
    })
    telemetry = hostTelemetry(env, log, host)
    for (const batch of early) accept(batch)
    if (telemetry.logs) sinks = [options.logSink, telemetry.logs.sink]
    return {
      ...host,
      async stop(graceMs) {
        await host.stop(graceMs)
        await Promise.all([
          spans.stop(flushMs),
          telemetry?.metrics?.stop(flushMs),
          telemetry?.logs?.stop(flushMs),
        ])
        await connection.drain().catch(() => {})
      },
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}

/** Metrics and logs carry the host's identity, so they begin when it is known. */
function hostTelemetry(env: NodeJS.ProcessEnv, log: Log, host: Host) {
  const identity: SpanResource = { service: 'weft-host', hostId: host.id, hostName: host.friendlyName }
  const logs = exportLog({
    env,
    log,
    host: identity,
    resourceOf: (id) => ({ ...identity, service: id }),
  })
  return { logs, metrics: exportMetrics({ env, log, host: identity }) }
}
