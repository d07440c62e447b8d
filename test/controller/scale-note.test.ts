import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredApp } from '../../src/controller/desired.ts'
import { isAsleep, type ScaleNote, scaled } from '../../src/controller/scale-note.ts'
import { component, manifestOf } from './sample.ts'

const follows = (properties: object) => [
  component('hello', 4, { traits: [{ type: 'autoscaler', properties }] }),
]

/** Instances and sleep of the one component of version v1, with this note. */
function numbers(components: readonly object[], note?: ScaleNote): readonly [number | undefined, boolean] {
  const app = desiredApp(manifestOf(components), () => undefined)
  const [workload] = scaled(app, () => note).workloads
  assert.ok(workload)
  return [workload.scaler?.instances, isAsleep(workload)]
}

test('without a note the manifest counts; one that follows its load begins within min and max, and awake', () => {
  assert.deepEqual(numbers([component('hello', 3)]), [3, false])
  assert.deepEqual(numbers(follows({ min: 0, max: 9 })), [4, false])
  assert.deepEqual(numbers(follows({ min: 6, max: 9 })), [6, false])
  assert.deepEqual(numbers(follows({ max: 2 })), [2, false])
  const alone = { ...component('hello', 1), traits: [{ type: 'autoscaler', properties: { min: 0, max: 9 } }] }
  assert.deepEqual(numbers([alone]), [1, false])
})

test('a number by load counts for what follows its load, within the bounds of now', () => {
  const note: ScaleNote = { by: 'load', instances: 7, version: 'v0' }
  assert.deepEqual(numbers(follows({ max: 9 }), note), [7, false])
  assert.deepEqual(numbers(follows({ max: 5 }), note), [5, false])
  assert.deepEqual(numbers([component('hello', 3)], note), [3, false])
})

test('zero by load is sleep, until another version is deployed', () => {
  const sleeps = (version: string): ScaleNote => ({ by: 'load', instances: 0, version })
  assert.deepEqual(numbers(follows({ min: 0, max: 9 }), sleeps('v1')), [0, true])
  assert.deepEqual(numbers(follows({ min: 0, max: 9 }), sleeps('v0')), [4, false])
  assert.deepEqual(numbers(follows({ min: 1, max: 9 }), sleeps('v1')), [1, false])
})

test('a number by hand counts above all, for its version; zero is a stop and no sleep', () => {
  const note = (instances: number, version = 'v1'): ScaleNote => ({ by: 'hand', instances, version })
  assert.deepEqual(numbers([component('hello', 3)], note(12)), [12, false])
  assert.deepEqual(numbers(follows({ max: 9 }), note(12)), [12, false])
  assert.deepEqual(numbers(follows({ min: 0, max: 9 }), note(0)), [0, false])
  assert.deepEqual(numbers([component('hello', 3)], note(12, 'v0')), [3, false])
})
