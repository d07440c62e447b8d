import type { Env } from './otlp-target.ts'

const perSignal = (names: readonly string[]) =>
  names.flatMap((name) =>
    ['', 'TRACES_', 'METRICS_', 'LOGS_'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}${name}`),
  )

/** The standard variables that Weft follows; VARIABLES.md says what for, and a test holds it to this list. */
const followed = new Set([
  ...perSignal([
    'ENDPOINT',
    'PROTOCOL',
    'HEADERS',
    'COMPRESSION',
    'TIMEOUT',
    'CERTIFICATE',
    'CLIENT_CERTIFICATE',
    'CLIENT_KEY',
  ]),
  'OTEL_TRACES_EXPORTER',
  'OTEL_METRICS_EXPORTER',
  'OTEL_LOGS_EXPORTER',
  'OTEL_TRACES_SAMPLER',
  'OTEL_TRACES_SAMPLER_ARG',
  'OTEL_BSP_SCHEDULE_DELAY',
  'OTEL_BSP_EXPORT_TIMEOUT',
  'OTEL_BSP_MAX_QUEUE_SIZE',
  'OTEL_BSP_MAX_EXPORT_BATCH_SIZE',
  'OTEL_BLRP_SCHEDULE_DELAY',
  'OTEL_BLRP_EXPORT_TIMEOUT',
  'OTEL_BLRP_MAX_QUEUE_SIZE',
  'OTEL_BLRP_MAX_EXPORT_BATCH_SIZE',
  'OTEL_METRIC_EXPORT_INTERVAL',
  'OTEL_METRIC_EXPORT_TIMEOUT',
  'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
  'OTEL_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_SPAN_EVENT_COUNT_LIMIT',
  'OTEL_SPAN_LINK_COUNT_LIMIT',
  'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT',
  'OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_SERVICE_NAME',
  'OTEL_SDK_DISABLED',
])

/** What Weft does anyway, for those that it does not follow. */
const asAlways: Readonly<Record<string, (value: string) => boolean>> = {
  OTEL_PROPAGATORS: (value) =>
    value
      .split(',')
      .map((one) => one.trim())
      .toSorted()
      .join() === 'baggage,tracecontext',
  OTEL_METRICS_EXEMPLAR_FILTER: (value) => value === 'trace_based',
}

/** The standard variables that `env` sets and Weft does not follow: who set them would wonder why nothing changes. */
export function variablesWithoutEffect(env: Env): string[] {
  return Object.entries(env).flatMap(([given, value = '']) => {
    const [, prefix = '', name = ''] = /^(WEFT_APP_)?(OTEL_.*)$/.exec(given) ?? []
    if (name === '' || value.trim() === '') return []
    // Of applications alone it can be told where their telemetry goes, and how.
    if (followed.has(name) && (prefix === '' || /EXPORTER|DISABLED/.test(name))) return []
    return asAlways[name]?.(value.trim().toLowerCase()) ? [] : [given]
  })
}
