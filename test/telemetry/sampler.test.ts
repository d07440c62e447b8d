import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TraceId } from '../../src/call/trace-context.ts'
import { samplerFromEnv, samplerOfThread } from '../../src/telemetry/sampler.ts'

const parent = (sampled: boolean) => ({
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  sampled,
  traceState: '',
})
const id = TraceId.from('a'.repeat(32))

test('each standard sampler decides as its name says', () => {
  const decide = (name: string | undefined, argument?: string) => {
    const sample = samplerFromEnv({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument })
    return [sample(id.third, undefined), sample(id.third, parent(true)), sample(id.third, parent(false))]
  }
  assert.deepEqual(decide(undefined), [true, true, false])
  assert.deepEqual(decide('always_on'), [true, true, true])
  assert.deepEqual(decide('always_off'), [false, false, false])
  assert.deepEqual(decide('parentbased_always_on'), [true, true, false])
  assert.deepEqual(decide('parentbased_always_off'), [false, true, false])
  assert.deepEqual(decide('traceidratio', '0'), [false, false, false])
  assert.deepEqual(decide('traceidratio', '1'), [true, true, true])
  assert.deepEqual(decide('parentbased_traceidratio', '0'), [false, true, false])
})

test('a ratio keeps about that share of traces, and the same ones on every host', () => {
  const sample = samplerFromEnv({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' })
  const other = samplerFromEnv({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' })
  const ids = Array.from({ length: 4000 }, () => TraceId.new())
  const kept = ids.filter((one) => sample(one.third, undefined))
  assert.ok(kept.length > 850 && kept.length < 1150, `${kept.length} of 4000`)
  assert.deepEqual(
    kept,
    ids.filter((one) => other(one.third, undefined)),
  )
})

test('the lower half of an id decides, whatever the upper half is', () => {
  const sample = samplerFromEnv({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' })
  const decide = (lower: string) =>
    ['0', 'f'].map((digit) => sample(TraceId.from(`${digit.repeat(15)}1${lower}`).third, undefined))
  assert.deepEqual(decide('7fffffffffffffff'), [true, true])
  assert.deepEqual(decide('8000000000000000'), [false, false])
})

test('an unknown sampler or ratio is refused with the variable and what it may be', () => {
  assert.throws(() => samplerFromEnv({ OTEL_TRACES_SAMPLER: 'jaeger_remote' }), {
    code: 'invalid',
    message: /OTEL_TRACES_SAMPLER is 'jaeger_remote'; it must be one of: always_on/,
  })
  assert.throws(() => samplerFromEnv({ OTEL_TRACES_SAMPLER: 'constructor' }), { code: 'invalid' })
  for (const ratio of ['2', '-1', 'half']) {
    assert.throws(
      () => samplerFromEnv({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: ratio }),
      /OTEL_TRACES_SAMPLER_ARG is '.+'; it must be a number from 0 to 1/,
    )
  }
})

test('only so many traces begin each second; those that came in go on', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 5_000 })
  const sample = samplerOfThread({})
  const begun = Array.from({ length: 150 }, () => sample(id.third, undefined))
  assert.equal(begun.lastIndexOf(true), 99)
  assert.equal(sample(id.third, parent(true)), true)
  t.mock.timers.tick(1_000)
  assert.equal(sample(id.third, undefined), true)
})

test('a thread keeps all traces when they are exported or a sampler was asked for', () => {
  const kept = (env: Record<string, string>) => {
    const sample = samplerOfThread(env)
    return Array.from({ length: 1000 }, () => sample(TraceId.new().third, undefined)).filter(Boolean).length
  }
  assert.equal(kept({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' }), 1000)
  assert.equal(kept({ OTEL_TRACES_SAMPLER: 'always_on' }), 1000)
})
