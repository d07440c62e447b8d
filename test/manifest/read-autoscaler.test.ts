import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkManifest } from '../../src/manifest/check-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

const manifestWith = (traits: string, type?: string) =>
  checkManifest(manifestWithTraits(`        [${traits}]`, type))
const autoscaler = (properties: string, type?: string) =>
  manifestWith(`{ type: autoscaler, properties: { ${properties} } }`, type)

test('an autoscaler with a max alone keeps three of four instances busy, and never sleeps', () => {
  assert.deepEqual(autoscaler('max: 100').manifest?.components[0]?.autoscaler, {
    min: 1,
    max: 100,
    target: { inFlight: 0.75 },
    upAfterMs: 0,
    downAfterMs: 30_000,
    idleAfterMs: 60_000,
  })
})

test('targets and times may all be given', () => {
  const { manifest } = autoscaler(
    'min: 0, max: 9, upAfter: 5s, downAfter: 2m, idleAfter: 1h, target: { inFlight: 0.5, requestsPerSecond: 20, metric: { name: orders, value: 7.5 } }',
  )
  assert.deepEqual(manifest?.components[0]?.autoscaler, {
    min: 0,
    max: 9,
    target: { inFlight: 0.5, requestsPerSecond: 20, metric: { name: 'orders', value: 7.5 } },
    upAfterMs: 5000,
    downAfterMs: 120_000,
    idleAfterMs: 3_600_000,
  })
})

test('what makes no sense is named', () => {
  const told = (checked: ReturnType<typeof checkManifest>) => checked.problems.map(({ message }) => message)
  assert.deepEqual(told(autoscaler('min: 5, max: 3')), [
    '"max" of the autoscaler is 3 and "min" is 5, expected 1 or more, and no more than "max"',
  ])
  assert.deepEqual(told(autoscaler('max: 3, target: { inFlight: 0 }')), [
    '"inFlight" of the autoscaler is 0, expected a number above 0',
  ])
  assert.deepEqual(told(autoscaler('max: 3, target: {}')), [
    'the target of the autoscaler has no "inFlight", expected a number such as 0.75, "requestsPerSecond" or "metric"',
  ])
  assert.match(
    told(autoscaler('max: 3, target: { metric: { name: a.b, value: 1 } }'))[0] ?? '',
    /a NATS subject/,
  )
  assert.match(told(autoscaler('max: 3', 'capability'))[0] ?? '', /on a provider/)
  const daemon = '{ type: daemonscaler, properties: { instances: 2 } }'
  const both = manifestWith(`${daemon}, { type: autoscaler, properties: { max: 3 } }`)
  assert.match(told(both)[0] ?? '', /beside a daemonscaler/)
})
