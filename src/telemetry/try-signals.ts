import { newSpanId, newTraceId } from '../call/trace-context.ts'
import { WeftError } from '../errors.ts'
import { scopeName } from './names.ts'
import type { OtlpAttributes, OtlpGroup } from './otlp-common.ts'
import { encodeJson } from './otlp-json.ts'
import { type OtlpLog, writeLogs } from './otlp-logs.ts'
import { type OtlpMetric, writeMetrics } from './otlp-metrics.ts'
import { encodeProtobuf } from './otlp-protobuf.ts'
import { OtlpSender } from './otlp-sender.ts'
import { spansField, writeSpan, writeSpans } from './otlp-spans.ts'
import {
  type Env,
  type OtlpEndpoint,
  type OtlpTarget,
  otlpTarget,
  type Signal,
  signals,
  withoutSecrets,
} from './otlp-target.ts'
import type { OtlpMessage } from './otlp-writer.ts'
import { createResources } from './resource.ts'
import type { SpanRecord, SpanResource } from './span.ts'
import { telemetryEnv } from './telemetry-env.ts'

/** What came of sending one of a signal. */
export interface SignalTrial {
  readonly signal: Signal
  /** Whose telemetry goes there; both where it is the same. */
  readonly of: 'all' | 'hosts' | 'applications'
  readonly state: 'arrived' | 'failed' | 'off'
  /** Where it went, and what the collector said. */
  readonly detail: string
}

interface Trial extends Pick<SignalTrial, 'signal' | 'of'> {
  readonly target: OtlpTarget
}

/** A collector that takes longer for one item is no use for many. */
const mostMs = 5_000

/** Sends one span, one metric and one log record to wherever `env` says they go, and says whether they arrived. */
export async function trySignals(env: Env): Promise<SignalTrial[]> {
  const trials = signals.flatMap((signal): Trial[] => {
    const hosts = otlpTarget(env, signal)
    const applications = otlpTarget(telemetryEnv(env, {}), signal)
    const isSame = JSON.stringify(hosts) === JSON.stringify(applications)
    if (isSame) return [{ signal, of: 'all', target: hosts }]
    return [
      { signal, of: 'hosts', target: hosts },
      { signal, of: 'applications', target: applications },
    ]
  })
  return Promise.all(
    trials.map(async ({ signal, of, target }): Promise<SignalTrial> => {
      if (target.state === 'off') return { signal, of, state: 'off', detail: target.reason }
      return { signal, of, ...(await trySignal(env, signal, target)) }
    }),
  )
}

async function trySignal(
  env: Env,
  signal: Signal,
  target: OtlpEndpoint,
): Promise<Pick<SignalTrial, 'state' | 'detail'>> {
  const url = withoutSecrets(target.url)
  const sender = new OtlpSender({ ...target, timeoutMs: Math.min(target.timeoutMs, mostMs) })
  const start = performance.now()
  try {
    const { rejected, message } = await sender.send(bodyOf(env, signal, target.protocol))
    const ms = Math.round(performance.now() - start)
    if (rejected > 0) return { state: 'failed', detail: `${url} took it in part only: ${message}` }
    return { state: 'arrived', detail: `${url} (${target.protocol}) took one in ${ms} ms` }
  } catch (error) {
    return { state: 'failed', detail: `${url}: ${WeftError.from(error).message}` }
  } finally {
    sender.stop()
  }
}

function bodyOf(env: Env, signal: Signal, protocol: OtlpEndpoint['protocol']): Uint8Array {
  const maker: SpanResource = { service: 'weft-doctor', hostId: '', hostName: '', isPlatform: true }
  const resource = createResources(env)(maker)
  const encode = <T>(item: T, write: OtlpMessage<readonly OtlpGroup<T>[]>) =>
    (protocol === 'http/json' ? encodeJson : encodeProtobuf)([groupOf(resource, item)], write)
  if (signal === 'traces') return encode(encodedSpan(maker), writeSpans)
  if (signal === 'metrics') return encode(sampleMetric(), writeMetrics)
  return encode(sampleLog(), writeLogs)
}

function groupOf<T>(resource: OtlpAttributes, item: T): OtlpGroup<T> {
  return { resource, scopes: [{ scope: { name: scopeName }, items: [item] }] }
}

function encodedSpan(resource: SpanResource): Uint8Array {
  const now = Date.now()
  const span: SpanRecord = {
    traceId: newTraceId(),
    spanId: newSpanId(),
    traceState: '',
    name: 'weft doctor',
    kind: 'internal',
    start: now - 1,
    end: now,
    attributes: {},
    events: [],
    links: [],
    status: { code: 'unset' },
    resource,
  }
  return encodeProtobuf(span, (out, value) => out.message(spansField, value, writeSpan))
}

function sampleMetric(): OtlpMetric {
  const time = Date.now()
  const points = [{ attributes: {}, start: time - 1, time, value: 1 }]
  const data = { kind: 'sum', isMonotonic: true, temporality: 'cumulative', points } as const
  return { name: 'weft.doctor', description: 'How often weft doctor was run', unit: '{run}', data }
}

function sampleLog(): OtlpLog {
  const time = Date.now()
  return { time, observed: time, severity: 9, severityText: 'INFO', body: 'weft doctor', attributes: {} }
}
