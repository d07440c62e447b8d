import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concern } from '../../src/controller/concerns.ts'
import { desiredApp } from '../../src/controller/desired.ts'
import type { HostView } from '../../src/controller/lattice-view.ts'
import type { KnownApp } from '../../src/controller/plan.ts'
import { Planner } from '../../src/controller/planner.ts'
import type { Manifest } from '../../src/manifest/manifest.ts'
import { component, host, lattice, linkTo, manifestOf, noRollouts, provider, running } from './sample.ts'

const known = (manifest: Manifest): KnownApp => ({
  name: manifest.name,
  manifest,
  stored: true,
  made: undefined,
})
const app = (name: string, instances = 1) =>
  known(manifestOf([component('hello', instances), provider('kv')], { name }))

/** A planner that has planned these applications. */
function planned(apps: readonly KnownApp[], hosts: readonly HostView[]): Planner {
  const planner = new Planner()
  for (const one of apps) planner.put(one.name, one)
  planner.see(lattice(hosts))
  for (const name of planner.due()) planner.plan(name, noRollouts)
  assert.deepEqual(planner.due(), [])
  return planner
}

function workloadOf({ manifest }: KnownApp) {
  const [workload] = manifest ? desiredApp(manifest, () => undefined).workloads : []
  assert.ok(workload)
  return workload
}

const three = [host('a'), host('b'), host('c')]
const [one, two] = [app('one'), app('two')]

test('the same hosts concern nobody, however many applications there are', () => {
  const planner = planned([one, two], three)
  planner.see(lattice(three))
  planner.see(lattice([...three]))
  assert.deepEqual(planner.due(), [])
})

test('what starts or stops on a host concerns its application only', () => {
  const planner = planned([one, two], three)
  const after = three.map((each) => (each.id === 'b' ? running(each, workloadOf(two)) : each))
  planner.see(lattice(after))
  assert.deepEqual(planner.due(), ['two'])
  planner.plan('two', noRollouts)
  planner.see(lattice(three))
  assert.deepEqual(planner.due(), ['two'])
})

test('a host that comes, goes or gets a label concerns everybody', () => {
  const planner = planned([one, two], three)
  for (const hosts of [three.slice(1), three, [host('a', { labels: { zone: 'x' } }), ...three.slice(1)]]) {
    planner.see(lattice(hosts))
    assert.deepEqual(planner.due(), ['one', 'two'])
    for (const name of planner.due()) planner.plan(name, noRollouts)
  }
})

test('a config and the links of a component concern who names them', () => {
  const config = [{ name: 'lang', properties: { lang: 'de' } }]
  const linked = known(
    manifestOf([component('hello', 1, { properties: { config }, traits: [linkTo('kv')] }), provider('kv')]),
  )
  const planner = planned([linked, one], three)
  planner.changed(concern.config('other'))
  assert.deepEqual(planner.due(), [])
  planner.changed(concern.config('my_app-lang'))
  assert.deepEqual(planner.due(), ['my-app'])
  planner.plan('my-app', noRollouts)
  planner.changed(concern.linksOf('my_app-hello'))
  assert.deepEqual(planner.due(), ['my-app'])
})

test('an application that goes frees what another one wanted too', () => {
  const want = (name: string, lang: string) =>
    known(
      manifestOf(
        [component(`c-${name}`, 1, { properties: { config: [{ name: 'x', properties: { lang } }] } })],
        { name },
      ),
    )
  const planner = planned([want('an-app', 'de'), want('an_app', 'en'), two], three)
  planner.put('an-app', undefined)
  assert.deepEqual(planner.due(), ['an_app'])
  const puts = planner.plan('an_app', noRollouts)?.commands.map(({ deed }) => deed.do)
  assert.ok(puts?.includes('put config'))
})

test('who finds no room is looked at again when anything on a host changes', () => {
  const full = three.map(({ id }) => host(id, { labels: { 'weft.capacity.instances': '2' } }))
  const big = app('what-is-big', 20)
  const planner = planned([big, two], full)
  const after = full.map((each) => (each.id === 'a' ? running(each, workloadOf(one)) : each))
  planner.see(lattice(after))
  assert.deepEqual(planner.due(), ['what-is-big'])
})

test('a component of another application is planned again with that application', () => {
  const shared = { version: 'v1', 'experimental.wasmcloud.dev/shared': 'true' }
  const base = known(manifestOf([provider('kv')], { name: 'base', annotations: shared }))
  const store = {
    name: 'store',
    type: 'capability',
    properties: { application: { name: 'base', component: 'kv' } },
  }
  const user = known(manifestOf([component('hello', 1, { traits: [linkTo('store')] }), store]))
  const planner = planned([user, one], three)
  planner.put('base', base)
  assert.deepEqual(planner.due(), ['base', 'my-app'])
  assert.ok(planner.plan('my-app', noRollouts)?.commands.some(({ deed }) => deed.do === 'put link'))
})
