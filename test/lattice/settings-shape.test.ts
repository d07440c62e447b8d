import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settingsFrom } from '../../src/lattice/settings-shape.ts'

const annotated = (json: string) => ({ annotations: { 'weft.dev/settings': json } })

test('a component without the annotation has no settings', () => {
  assert.deepEqual(settingsFrom({ annotations: { a: 'b' } }), {})
})

test('limits and reuse are read from the annotation', () => {
  const settings = { limits: { memoryBytes: 1024, timeMs: 5 }, reuse: { invocations: 3 } }
  assert.deepEqual(settingsFrom(annotated(JSON.stringify(settings))), settings)
})

test("wasmCloud's own limits count where the annotation has none", () => {
  const component_limits = { max_memory_limit: '268435456', max_execution_time: '10' }
  assert.deepEqual(settingsFrom({ annotations: {}, component_limits }).limits, {
    memoryBytes: 268_435_456,
    timeMs: 10_000,
  })
  const both = settingsFrom({ ...annotated('{"limits":{"timeMs":7}}'), component_limits })
  assert.deepEqual(both.limits, { memoryBytes: 268_435_456, timeMs: 7 })
  assert.deepEqual(settingsFrom({ annotations: {}, component_limits: { max_memory_limit: 'lots' } }), {})
})

test('what is wrong is named with its path', () => {
  assert.throws(() => settingsFrom(annotated('{"limits":{"timeMs":"soon"}}')), {
    code: 'invalid',
    message: 'annotation weft.dev/settings: limits.timeMs: expected a whole number from 0, got string',
  })
  assert.throws(() => settingsFrom(annotated('{"limits":{"queue":0,"handles":0}}')), {
    message: 'annotation weft.dev/settings: limits.handles: expected a whole number from 1, got 0',
  })
  assert.throws(() => settingsFrom(annotated('nonsense')), { message: /not JSON/ })
})
