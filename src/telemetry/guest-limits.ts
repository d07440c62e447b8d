import { type AttributeLimits, defaultOtelLimits, type OtelLimits } from '../capability/otel.ts'
import type { Env } from './otlp-target.ts'

/**
 * What guests' own telemetry may take, by the standard variables for limits (opentelemetry.io/docs/specs/otel/configuration/
 * sdk-environment-variables), and by Weft's own for what belongs to one invocation. Left out, or nonsense: the defaults.
 */
export function guestLimits(env: Env): OtelLimits {
  const common = attributeLimits(env, 'OTEL_ATTRIBUTE', defaultOtelLimits.span)
  const span = attributeLimits(env, 'OTEL_SPAN_ATTRIBUTE', common)
  return {
    span,
    event: { ...span, attributes: limitFrom(env, 'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', common.attributes) },
    link: { ...span, attributes: limitFrom(env, 'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', common.attributes) },
    logRecord: attributeLimits(env, 'OTEL_LOGRECORD_ATTRIBUTE', common),
    // Attributes tell series apart: the specification has no limits for them.
    point: defaultOtelLimits.point,
    events: limitFrom(env, 'OTEL_SPAN_EVENT_COUNT_LIMIT', defaultOtelLimits.events),
    links: limitFrom(env, 'OTEL_SPAN_LINK_COUNT_LIMIT', defaultOtelLimits.links),
    spans: limitFrom(env, 'WEFT_GUEST_SPAN_LIMIT', defaultOtelLimits.spans),
    logs: limitFrom(env, 'WEFT_GUEST_LOG_LIMIT', defaultOtelLimits.logs),
    points: limitFrom(env, 'WEFT_GUEST_POINT_LIMIT', defaultOtelLimits.points),
  }
}

function attributeLimits(env: Env, prefix: string, otherwise: AttributeLimits): AttributeLimits {
  return {
    attributes: limitFrom(env, `${prefix}_COUNT_LIMIT`, otherwise.attributes),
    valueLength: limitFrom(env, `${prefix}_VALUE_LENGTH_LIMIT`, otherwise.valueLength),
  }
}

function limitFrom(env: Env, name: string, otherwise: number): number {
  const text = env[name]?.trim()
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : otherwise
}
