import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkManifest } from '../../src/manifest/check-manifest.ts'
import { manifestWithTraits } from '../support/manifest-with-traits.ts'

const manifestWith = (traits: string) => checkManifest(manifestWithTraits(`        [${traits}]`))

test('a placement names the failure domain and how many a host should have', () => {
  const { manifest } = manifestWith('{ type: placement, properties: { domain: rack, perHost: 10 } }')
  assert.deepEqual(manifest?.components[0]?.placement, { domain: 'rack', perHost: 10 })
  assert.equal(manifestWith('').manifest?.components[0]?.placement, undefined)
})

test('a number of 0, a second placement and unknown fields are named', () => {
  const { problems } = manifestWith(`{ type: placement, properties: { perHost: 0, domian: x } },
        { type: placement, properties: {} }`)
  assert.deepEqual(
    problems.map(({ message }) => message),
    [
      '"perHost" is 0, expected 1 or more',
      'the placement has no field "domian"; did you mean "domain"?',
      'a second trait "placement" on one component, expected one',
    ],
  )
})
