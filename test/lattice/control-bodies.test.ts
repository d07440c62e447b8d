import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody, scaleBody, startProviderBody, updateBody } from '../../src/lattice/control-bodies.ts'

const bytes = (body: object) => new TextEncoder().encode(JSON.stringify(body))

test('annotations that no heartbeat could carry are refused, others are read', () => {
  const fits = { 'weft.dev/settings': 'x'.repeat(30_000) }
  const long = { note: 'x'.repeat(40_000) }
  const scale = { component_id: 'a', component_ref: 'file:///a.wasm', count: 1 }
  assert.deepEqual(readBody(bytes({ ...scale, annotations: fits }), scaleBody).annotations, fits)
  assert.throws(() => readBody(bytes({ ...scale, annotations: long }), scaleBody), /failed to deserialize/)
  const update = { component_id: 'a', new_component_ref: 'file:///b.wasm', annotations: long }
  assert.throws(() => readBody(bytes(update), updateBody), /failed to deserialize/)
  const start = { provider_id: 'a', provider_ref: 'file:///a', annotations: long }
  assert.throws(() => readBody(bytes(start), startProviderBody), /failed to deserialize/)
})
