import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeSignals } from '../../src/telemetry/signals.ts'

test('without an endpoint it says what to set', () => {
  assert.deepEqual(describeSignals({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }), [
    'traces → weft traces; OTLP off (set OTEL_EXPORTER_OTLP_ENDPOINT)',
    'metrics → off (set OTEL_EXPORTER_OTLP_ENDPOINT)',
    'logs → weft logs; OTLP off (set OTEL_EXPORTER_OTLP_ENDPOINT)',
  ])
})

test('each signal says where it goes, without passwords', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:pass@collector:4318/',
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'https://logs.example.org/in?token=x',
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
  }
  assert.deepEqual(describeSignals(env), [
    'traces → http://collector:4318/v1/traces (http/protobuf) and weft traces, sampler traceidratio 0.1',
    'metrics → off (OTEL_METRICS_EXPORTER=none)',
    'logs → https://logs.example.org/in (http/json) and weft logs',
  ])
})

test('telemetry of applications that goes elsewhere has lines of its own', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://platform:4318',
    WEFT_APP_OTEL_EXPORTER_OTLP_ENDPOINT: 'http://apps:4318',
    OTEL_LOGS_EXPORTER: 'none',
  }
  assert.deepEqual(describeSignals(env), [
    'traces → http://platform:4318/v1/traces (http/protobuf) and weft traces',
    'traces of applications → http://apps:4318/v1/traces (http/protobuf) and weft traces',
    'metrics → http://platform:4318/v1/metrics (http/protobuf)',
    'metrics of applications → http://apps:4318/v1/metrics (http/protobuf)',
    'logs → weft logs; OTLP off (OTEL_LOGS_EXPORTER=none)',
  ])
  assert.equal(describeSignals({ OTEL_SDK_DISABLED: 'true' })[0], 'traces → off (OTEL_SDK_DISABLED=true)')
})

test('standard variables that change nothing are named', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
    OTEL_PROPAGATORS: 'b3',
    OTEL_LOG_LEVEL: 'debug',
  }
  assert.equal(describeSignals(env).at(-1), 'without effect → OTEL_PROPAGATORS, OTEL_LOG_LEVEL')
})

test('what can not be used is off and says why', () => {
  const reason = (env: Record<string, string>) => describeSignals(env)[1]
  assert.equal(
    reason({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }),
    "metrics → off (OTLP protocol 'grpc' is not supported; use http/protobuf or http/json)",
  )
  assert.equal(
    reason({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'collector:4318' }),
    "metrics → off (OTEL_EXPORTER_OTLP_METRICS_ENDPOINT is 'collector:4318'; it must be an http or https URL)",
  )
  assert.equal(
    reason({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'TRUE' }),
    'metrics → off (OTEL_SDK_DISABLED=true)',
  )
})
