import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotationsOf } from '../../src/controller/annotations.ts'
import type { Deed } from '../../src/controller/command.ts'
import { desiredApp, type Workload } from '../../src/controller/desired.ts'
import type { LatticeView } from '../../src/controller/lattice-view.ts'
import type { AppPlan } from '../../src/controller/plan.ts'
import type { Manifest } from '../../src/manifest/manifest.ts'
import { component, host, lattice, linkTo, manifestOf, planAll, provider, running } from './sample.ts'

function planOf(manifest: Manifest, view: LatticeView, made?: AppPlan['made']): AppPlan {
  const [only] = planAll([{ name: manifest.name, manifest, stored: true, made }], view)
  assert.ok(only)
  return only
}

function workloadsOf(manifest: Manifest): readonly Workload[] {
  return desiredApp(manifest, () => undefined).workloads
}

function brief(deed: Deed): string {
  switch (deed.do) {
    case 'scale':
      return `scale ${deed.request.component_id} ${deed.request.count} ${deed.request.host_id}`
    case 'start provider':
      return `start ${deed.request.provider_id} ${deed.request.host_id}`
    case 'stop provider':
      return `stop ${deed.providerId} ${deed.hostId}`
    case 'put config':
    case 'delete config':
      return `${deed.do} ${deed.name}`
    case 'put link':
      return `${deed.replace ? 'replace' : 'put'} link ${deed.link.source_id} ${deed.link.target}`
    case 'delete link':
      return `delete link ${deed.link.source_id} ${deed.link.target}`
  }
}

const deeds = ({ commands }: AppPlan) => commands.map(({ deed }) => brief(deed))

const shop = manifestOf([
  component('hello', 2, {
    properties: { config: [{ name: 'lang', properties: { lang: 'de' } }] },
    traits: [linkTo('kv', { target: { name: 'kv', config: [{ name: 'url', properties: { url: 'x' } }] } })],
  }),
  provider('kv'),
])

/** The lattice after the shop was deployed on one host. */
function deployedShop(): LatticeView {
  const { workloads, links, configs } = desiredApp(shop, () => undefined)
  let only = host('a')
  for (const workload of workloads)
    only = running(only, workload, { instances: workload.kind === 'component' ? 2 : 1 })
  return lattice([only], {
    links: links.map(({ link }) => link),
    configs: new Map(configs.map(({ name, properties }) => [name, properties ?? {}])),
  })
}

test('a deploy puts configs, starts providers, scales components, puts links, in this order', () => {
  assert.deepEqual(deeds(planOf(shop, lattice([host('a')]))), [
    'put config my_app-lang',
    'put config my_app-url',
    'start my_app-kv a',
    'scale my_app-hello 2 a',
    'put link my_app-hello my_app-kv',
  ])
})

test('commands carry names, configs and annotations as wadm writes them', () => {
  const [, , start, scale, put] = planOf(shop, lattice([host('a')])).commands.map(({ deed }) => deed)
  assert.ok(start?.do === 'start provider' && scale?.do === 'scale' && put?.do === 'put link')
  assert.equal(start.request.provider_ref, 'oci://kv:1')
  assert.equal(scale.request.component_ref, 'file:///hello.wasm')
  assert.deepEqual(scale.request.config, ['my_app-lang'])
  assert.deepEqual(put.link.target_config, ['my_app-url'])
  const { 'wasmcloud.dev/scaler': scaler, ...rest } = scale.request.annotations
  assert.match(scaler ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(rest, {
    'wasmcloud.dev/managed-by': 'wadm',
    'wasmcloud.dev/appspec': 'my-app',
    'wasmcloud.dev/spread_name': 'default',
  })
})

test('what is as it should be needs no command and is deployed', () => {
  const done = planOf(shop, deployedShop())
  assert.deepEqual(deeds(done), [])
  assert.deepEqual(done.status([]).status, { type: 'deployed', message: '' })
})

test('an undeployed application loses what was made for it, and only that', () => {
  const view = deployedShop()
  const made = planOf(shop, view).made
  const foreign = {
    id: 'other',
    image_ref: 'x',
    annotations: {},
    revision: 0,
    max_instances: 1,
    limits: null,
  }
  const hosts = view.hosts.map((one) => ({ ...one, components: [...one.components, foreign] }))
  const configs = new Map([...view.configs, ['mine', {}]])
  const [removal] = planAll([{ name: 'my-app', manifest: undefined, stored: true, made }], {
    ...view,
    hosts,
    configs,
  })
  assert.ok(removal)
  assert.deepEqual(deeds(removal), [
    'scale my_app-hello 0 a',
    'stop my_app-kv a',
    'delete link my_app-hello my_app-kv',
    'delete config my_app-lang',
    'delete config my_app-url',
  ])
  assert.equal(removal.status([]).status.type, 'undeployed')
  const [after] = planAll([{ name: 'my-app', manifest: undefined, stored: true, made }], lattice([host('a')]))
  assert.equal(after?.made, undefined)
})

test('a deployed version that can not be read leaves everything alone', () => {
  const view = deployedShop()
  const [only] = planAll(
    [{ name: 'my-app', manifest: undefined, unreadable: 'broken', stored: true, made: undefined }],
    view,
  )
  assert.deepEqual(only?.commands, [])
  assert.deepEqual(only?.status([]).status, { type: 'failed', message: 'broken' })
})

test('a new image is swapped in place on a Weft host', () => {
  const [workload] = workloadsOf(shop)
  assert.ok(workload)
  const old = { ...workload, image: 'file:///old.wasm', scalerId: 'old' }
  const [command] = planOf(
    manifestOf([component('hello', 2)]),
    lattice([running(host('a'), old, { instances: 2 })]),
  ).commands
  assert.ok(command?.deed.do === 'scale')
  assert.equal(command.deed.request.allow_update, true)
  assert.equal(command.deed.request.component_ref, 'file:///hello.wasm')
})

test('a new image stops one foreign host at a time', () => {
  const manifest = manifestOf([component('hello', 2)])
  const [workload] = workloadsOf(manifest)
  assert.ok(workload)
  const foreign = (id: string) => host(id, { weft: false })
  const old = (id: string) => running(foreign(id), workload, { image: 'old' })
  assert.deepEqual(deeds(planOf(manifest, lattice([old('a'), old('b')]))), ['scale my_app-hello 0 a'])
  // Stopping the other one meanwhile would leave nobody who serves.
  assert.deepEqual(deeds(planOf(manifest, lattice([foreign('a'), old('b')]))), ['scale my_app-hello 1 a'])
  const fresh = running(foreign('a'), workload)
  assert.deepEqual(deeds(planOf(manifest, lattice([fresh, old('b')]))), ['scale my_app-hello 0 b'])
})

test('a host lets go of what belongs elsewhere only when it runs there', () => {
  const spread = (zone: string) => [{ name: 'default', requirements: { zone } }]
  const manifest = manifestOf([component('hello', 1, { spread: spread('west') })])
  const [workload] = workloadsOf(manifest)
  assert.ok(workload)
  const east = running(host('e', { labels: { zone: 'east' } }), workload)
  const west = host('w', { labels: { zone: 'west' } })
  assert.deepEqual(deeds(planOf(manifest, lattice([east, west]))), ['scale my_app-hello 1 w'])
  assert.deepEqual(deeds(planOf(manifest, lattice([east, running(west, workload)]))), [
    'scale my_app-hello 0 e',
  ])
})

test('a missing config of others holds back what needs it, with what to do', () => {
  const manifest = manifestOf([component('hello', 1, { properties: { config: [{ name: 'theirs' }] } })])
  const held = planOf(manifest, lattice([host('a')]))
  assert.deepEqual(deeds(held), [])
  const { status } = held.status([])
  assert.equal(status.type, 'waiting')
  assert.match(status.message, /config "theirs" is not there; put it with `weft config put theirs/)
})

test('a changed config puts the links that use it again', () => {
  const view = {
    ...deployedShop(),
    configs: new Map([...deployedShop().configs, ['my_app-url', { url: 'old' }]]),
  }
  assert.deepEqual(deeds(planOf(shop, view)), [
    'put config my_app-url',
    'replace link my_app-hello my_app-kv',
  ])
})

test('a link that somebody else made is not fought over', () => {
  const view = deployedShop()
  const [link] = view.links('my_app-hello')
  assert.ok(link)
  const theirs = { ...link, target: 'their-kv' }
  const fight = planOf(shop, { ...view, links: () => [theirs] })
  assert.deepEqual(deeds(fight), [])
  assert.match(fight.status([]).status.message, /to their-kv, which this application did not make/)
  const { interfaces: _, source_config: __, target_config: ___, ...key } = theirs
  const ours = planOf(shop, { ...view, links: () => [theirs] }, { links: [key], configs: [] })
  assert.deepEqual(deeds(ours).toSorted(), [
    'delete link my_app-hello their-kv',
    'replace link my_app-hello my_app-kv',
  ])
})

test('two applications that want one config with other contents do not fight', () => {
  const want = (name: string, lang: string) =>
    manifestOf(
      [component(`c-${name}`, 1, { properties: { config: [{ name: 'x', properties: { lang } }] } })],
      { name },
    )
  const apps = [want('an-app', 'de'), want('an_app', 'en')].map((manifest) => ({
    name: manifest.name,
    manifest,
    stored: true,
    made: undefined,
  }))
  const [first, second] = planAll(apps, lattice([host('a')]))
  assert.ok(first && second)
  assert.ok(deeds(first).includes('put config an_app-x'))
  assert.deepEqual(deeds(second), [])
  assert.match(second.status([]).status.message, /"an-app" already stores another config as "an_app-x"/)
})

test('a provider with our id that somebody else started is told, not started again', () => {
  const manifest = manifestOf([provider('kv')])
  const [workload] = workloadsOf(manifest)
  assert.ok(workload)
  const taken = planOf(manifest, lattice([running(host('a'), workload, { annotations: {} })]))
  assert.deepEqual(deeds(taken), [])
  assert.match(taken.status([]).status.message, /somebody else started runs on host-a/)
})

test('a component of another application is linked, not started', () => {
  const base = manifestOf([provider('kv')], {
    name: 'base',
    annotations: { version: 'v1', 'experimental.wasmcloud.dev/shared': 'true' },
  })
  const user = manifestOf([
    component('hello', 1, { traits: [linkTo('store')] }),
    { name: 'store', type: 'capability', properties: { application: { name: 'base', component: 'kv' } } },
  ])
  const known = (manifest: Manifest) => ({ name: manifest.name, manifest, stored: true, made: undefined })
  const plans = planAll([known(base), known(user)], lattice([host('a')]))
  assert.deepEqual(plans.map(deeds), [
    ['start base-kv a'],
    ['scale my_app-hello 1 a', 'put link my_app-hello base-kv'],
  ])
  const [alone] = planAll([known(user)], lattice([host('a')]))
  assert.match(
    alone?.status([]).status.message ?? '',
    /application "base", which it belongs to, is not deployed/,
  )
})

test('a secret is stored as the place to ask for it', () => {
  const policy = {
    name: 'vault',
    type: 'policy.secret.wasmcloud.dev/v1alpha1',
    properties: { backend: 'nats-kv', role: 'r' },
  }
  const secrets = [{ name: 'api-key', properties: { policy: 'vault', key: 'k', version: '1' } }]
  const manifest = manifestOf([component('hello', 1, { properties: { secrets } })], { policies: [policy] })
  const [put, scale] = planOf(manifest, lattice([host('a')])).commands.map(({ deed }) => deed)
  assert.ok(put?.do === 'put config' && scale?.do === 'scale')
  assert.equal(put.name, 'SECRET_my_app-api_key')
  assert.deepEqual(put.properties, {
    name: 'api-key',
    type: 'secret.wasmcloud.dev/v1alpha1',
    backend: 'nats-kv',
    key: 'k',
    version: '1',
    policy: '{"type":"properties.secret.wasmcloud.dev/v1alpha1","properties":{"role":"r"}}',
  })
  assert.deepEqual(scale.request.config, ['SECRET_my_app-api_key'])
})

test('the worst part is the status of the whole, with its reason', () => {
  const eu = [{ name: 'eu', requirements: { zone: 'eu' } }]
  const manifest = manifestOf([component('hello', 1, { spread: eu }), component('other', 1)])
  const waiting = planOf(manifest, lattice([host('a')]))
  assert.deepEqual(waiting.status([]).status, {
    type: 'waiting',
    message: 'hello: waiting: 0 hosts match zone=eu',
  })
  const other = { app: 'my-app', part: 'workload my_app-other', target: 'my_app-other on a' }
  const failures = [{ ...other, error: 'no such file', tries: 3 }]
  assert.deepEqual(waiting.status(failures).status, {
    type: 'failed',
    message: 'other: no such file (tried 3 times, trying on)',
  })
})

test('each host of a component is told, with what it is like there', () => {
  const manifest = manifestOf([component('hello', 4)])
  const [workload] = workloadsOf(manifest)
  assert.ok(workload)
  const hosts = [
    running(host('a'), workload, { instances: 1 }),
    running(host('b'), workload, { instances: 3 }),
    running(host('c'), workload, { image: 'file:///old.wasm' }),
    host('d'),
  ]
  const target = 'my_app-hello on d'
  const failure = { app: 'my-app', part: 'workload my_app-hello', target, error: 'no such file', tries: 1 }
  const [scaler] = planOf(manifest, lattice(hosts)).status([failure]).scalers
  assert.deepEqual(
    scaler?.hosts?.map(({ id, status }) => `${id} ${status.type}: ${status.message}`).toSorted(),
    [
      'a deployed: ',
      'b reconciling: changing the number of instances',
      'c reconciling: changing to the new version',
      'd failed: no such file',
    ],
  )
})

test('a provider that has not said yet how it is is not deployed yet', () => {
  const manifest = manifestOf([provider('kv')])
  const [workload] = workloadsOf(manifest)
  assert.ok(workload)
  const started = running(host('a', { unheard: new Set([workload.id]) }), workload)
  const { status, scalers } = planOf(manifest, lattice([started])).status([])
  assert.deepEqual(status, {
    type: 'reconciling',
    message: 'kv: waits for its first health check on host-a',
  })
  assert.equal(scalers[0]?.hosts?.[0]?.status.message, 'waits for its first health check')
})

test('a provider whose health check failed makes the application unhealthy', () => {
  const manifest = manifestOf([provider('kv')])
  const [workload] = workloadsOf(manifest)
  assert.ok(workload)
  const sick = running(host('a', { unhealthy: new Map([[workload.id, 'port 80 is taken']]) }), workload)
  assert.deepEqual(planOf(manifest, lattice([sick])).status([]).status, {
    type: 'unhealthy',
    message: 'kv: port 80 is taken (host-a)',
  })
})

test('a component without a scaler is not started, and the status says so', () => {
  const manifest = manifestOf([{ ...component('hello', 1), traits: [] }])
  const idle = planOf(manifest, lattice([host('a')]))
  assert.deepEqual(deeds(idle), [])
  assert.match(
    idle.status([]).scalers[0]?.status.message ?? '',
    /not started: the manifest gives it no spreadscaler/,
  )
})

test('a change of number is not a change of the running thing', () => {
  const [one] = workloadsOf(manifestOf([component('hello', 1)]))
  const [ten] = workloadsOf(manifestOf([component('hello', 10)]))
  assert.ok(one && ten)
  assert.deepEqual(annotationsOf(one, 'default'), annotationsOf(ten, 'default'))
})

test('what a draining host runs moves before it stops there, and stays while there is no other place', () => {
  const app = manifestOf([component('hello', 2)])
  const [hello] = workloadsOf(app)
  assert.ok(hello)
  const drains = running(host('a', { labels: { 'weft.draining': 'true' } }), hello, { instances: 2 })
  assert.deepEqual(deeds(planOf(app, lattice([drains]))), [])
  assert.deepEqual(deeds(planOf(app, lattice([drains, host('b')]))), ['scale my_app-hello 2 b'])
  const moved = running(host('b'), hello, { instances: 2 })
  assert.deepEqual(deeds(planOf(app, lattice([drains, moved]))), ['scale my_app-hello 0 a'])
})
