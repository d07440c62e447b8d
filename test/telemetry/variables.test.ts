import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { variablesWithoutEffect } from '../../src/telemetry/variables.ts'

const read = (name: string) => readFileSync(new URL(`../../src/telemetry/${name}`, import.meta.url), 'utf8')
const page = read('VARIABLES.md')

test('VARIABLES.md lists exactly the standard variables that Weft follows', () => {
  const listed = page
    .split('\n')
    .filter((line) => line.startsWith('| `OTEL_'))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(OTEL_[A-Z_]+)`/g)].map(([, name]) => name))
  const set = Object.fromEntries(listed.map((name) => [name, 'x']))
  assert.deepEqual(variablesWithoutEffect(set), [])
  const [, list = ''] = /const followed = new Set\(\[(.*?)\]\)\n/s.exec(read('variables.ts')) ?? []
  const single = [...list.matchAll(/'(OTEL_[A-Z_]+)'/g)].map(([, name]) => name)
  const perSignal = [...list.matchAll(/'([A-Z_]+)'/g)].flatMap(([, name = '']) =>
    name.startsWith('OTEL_')
      ? []
      : ['', 'TRACES_', 'METRICS_', 'LOGS_'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}${name}`),
  )
  assert.deepEqual(listed.toSorted(), [...single, ...perSignal].toSorted())
})

test('variables without effect are told, unless Weft does anyway what they ask for', () => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
    WEFT_APP_OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'a=b',
    OTEL_PROPAGATORS: 'tracecontext, baggage',
    OTEL_METRICS_EXEMPLAR_FILTER: 'trace_based',
    OTEL_LOG_LEVEL: '',
  }
  assert.deepEqual(variablesWithoutEffect(env), [])
  const idle = { OTEL_PROPAGATORS: 'b3', WEFT_APP_OTEL_TRACES_SAMPLER: 'always_off', OTEL_BSP_SCHEDULE: '1' }
  assert.deepEqual(variablesWithoutEffect({ ...env, ...idle }), Object.keys(idle))
})
