import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findClashes } from '../../src/controller/find-clashes.ts'
import type { Manifest } from '../../src/manifest/manifest.ts'
import { component, linkTo, manifestOf, provider } from './sample.ts'

const shared = { version: 'v1', 'experimental.wasmcloud.dev/shared': 'true' }
const platform = manifestOf([provider('http')], { name: 'platform', annotations: shared })

/** An application that has the shared HTTP server call its own component. */
function site(name: string, link: object = {}): Manifest {
  const http = {
    name: 'http',
    type: 'capability',
    properties: { application: { name: 'platform', component: 'http' } },
    traits: [linkTo('hello', { package: 'http', interfaces: ['incoming-handler'], ...link })],
  }
  return manifestOf([component('hello', 1), http], { name })
}

function deployed(...manifests: readonly Manifest[]): ReadonlyMap<string, Manifest> {
  return new Map(manifests.map((manifest) => [manifest.name, manifest]))
}

test('a link from one source under one name to two targets is told with both names', () => {
  assert.deepEqual(findClashes(site('blue'), deployed(platform, site('green'))), [
    '"green", which is deployed, has the link "default" from platform-http to green-hello for wasi:http/incoming-handler: ' +
      'give the link to blue-hello of "blue" another name',
  ])
})

test('under another link name, or for other interfaces, there is no clash', () => {
  assert.deepEqual(findClashes(site('blue', { name: 'blue' }), deployed(platform, site('green'))), [])
  const other = site('blue', { interfaces: ['other'] })
  assert.deepEqual(findClashes(other, deployed(platform, site('green'))), [])
})

/** Two names that make the same generated names. */
function withConfig(name: string, lang: string): Manifest {
  return manifestOf(
    [
      component(name.includes('_') ? 'one' : 'other', 1, {
        properties: { config: [{ name: 'lang', properties: { lang } }] },
      }),
    ],
    { name },
  )
}

test('one config with two contents is told with both names; the same contents are no clash', () => {
  assert.deepEqual(findClashes(withConfig('a-b', 'de'), deployed(withConfig('a_b', 'en'))), [
    '"a_b", which is deployed, stores other contents as the config "a_b-lang": give config "lang" of "a-b" another name',
  ])
  assert.deepEqual(findClashes(withConfig('a-b', 'de'), deployed(withConfig('a_b', 'de'))), [])
})

test('one id twice is told with both names, and every clash is told', () => {
  const both = (name: string, lang: string) =>
    manifestOf(
      [component('hello', 1, { properties: { config: [{ name: 'lang', properties: { lang } }] } })],
      {
        name,
      },
    )
  assert.deepEqual(findClashes(both('a-b', 'de'), deployed(both('a_b', 'en'))), [
    'the id "a_b-hello" belongs to "a_b", which is deployed: give "hello" of "a-b" another id',
    '"a_b", which is deployed, stores other contents as the config "a_b-lang": give config "lang" of "a-b" another name',
  ])
})

test('the version that an application itself has deployed is no clash', () => {
  assert.deepEqual(findClashes(withConfig('a', 'de'), deployed(withConfig('a', 'en'))), [])
})
