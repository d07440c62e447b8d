import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredApp, type Workload } from '../../src/controller/desired.ts'
import type { HostView, LatticeView } from '../../src/controller/lattice-view.ts'
import type { AppPlan } from '../../src/controller/plan.ts'
import type { RolloutKnowledge } from '../../src/controller/roll-out.ts'
import type { Manifest } from '../../src/manifest/manifest.ts'
import {
  component,
  host,
  lattice,
  linkTo,
  manifestOf,
  noRollouts,
  planAll,
  provider,
  running,
} from './sample.ts'

const deed = { did: 'deploy', version: 'v2', from: 'v1', at: '2026-01-01T00:00:00.000Z' } as const

/** An application whose only component says how it rolls out. */
function web(image: string, properties: object = {}): Manifest {
  const traits = [{ type: 'rollout', properties: { pause: '10s', ...properties } }]
  return manifestOf([component('web', 6, { traits, properties: { image } })])
}

function workloadOf(manifest: Manifest): Workload {
  const [workload] = desiredApp(manifest, () => undefined).workloads
  assert.ok(workload)
  return workload
}

/** Hosts `a`, `b`, … that run the new version first and the old one after. */
function hostsWith(from: Manifest, to: Manifest, counts: { fresh: number; old: number }): HostView[] {
  const each = { instances: 6 / (counts.fresh + counts.old) }
  return Array.from({ length: counts.fresh + counts.old }, (_, at) =>
    running(host(String.fromCharCode(97 + at)), workloadOf(at < counts.fresh ? to : from), each),
  )
}

function look(manifest: Manifest, view: LatticeView, more: Partial<RolloutKnowledge> = {}): AppPlan {
  const known = { name: 'my-app', manifest, stored: true, made: undefined, deed, hasBefore: true }
  const [plan] = planAll([known], view, { ...noRollouts, ...more })
  assert.ok(plan)
  return plan
}

const targets = ({ commands }: AppPlan) => commands.map(({ target }) => target).toSorted()
const v1 = web('file:///v1.wasm')
const v2 = (properties: object = {}) => web('file:///v2.wasm', properties)

test('one host gets the new version first; the others wait for their turn', () => {
  const plan = look(v2(), lattice(hostsWith(v1, v2(), { fresh: 0, old: 3 })))
  assert.deepEqual(targets(plan), ['my_app-web on a'])
  const { status } = plan.status([])
  assert.deepEqual(status, {
    type: 'reconciling',
    message: 'web: new version on 0 of 3 hosts, next on 1 more',
  })
})

test('a step that is complete is watched for the pause; then comes the next', () => {
  const view = lattice(hostsWith(v1, v2(), { fresh: 1, old: 2 }))
  const first = look(v2(), view, { now: 1_000 })
  assert.deepEqual(targets(first), [])
  assert.equal(first.rollout?.dueAt, 2_000, 'calls are looked at meanwhile')
  assert.match(first.status([]).status.message, /new version on 1 of 3 hosts, watched 10 s/)
  const again = { noted: first.rollout?.rollout, now: 10_999 }
  assert.deepEqual(targets(look(v2(), view, again)), [])
  assert.deepEqual(targets(look(v2(), view, { ...again, now: 11_000 })), [
    'my_app-web on b',
    'my_app-web on c',
  ])
})

test('the last step is watched too, and only then it is done', () => {
  const view = lattice(hostsWith(v1, v2(), { fresh: 3, old: 0 }))
  const { rollout: begun } = look(v2(), lattice(hostsWith(v1, v2(), { fresh: 2, old: 1 })))
  const noted = begun?.rollout
  const watched = look(v2(), view, { noted, now: 20_000 })
  assert.equal(watched.rollout?.rollout.stage, 'code')
  assert.equal(watched.status([]).status.type, 'reconciling')
  const done = look(v2(), view, { noted: watched.rollout?.rollout, now: 30_000 })
  assert.equal(done.rollout?.rollout.stage, 'done')
  assert.deepEqual(done.status([]).status, { type: 'deployed', message: '' })
  assert.equal(look(v2(), view, { noted: done.rollout?.rollout, now: 30_000 }).rollout, undefined)
})

test('steps are hosts or shares, and end with all', () => {
  const manifest = v2({ steps: [1, '50%'] })
  const step = (fresh: number) => {
    const view = lattice(hostsWith(v1, manifest, { fresh, old: 6 - fresh }))
    const { rollout } = look(manifest, view)
    return targets(look(manifest, view, { noted: rollout?.rollout, now: 10_000 })).length
  }
  assert.deepEqual([0, 1, 2, 3, 4, 5].map(step), [1, 2, 1, 3, 2, 1])
})

test('too many traps on the new version fail it, a few do not', () => {
  const view = lattice(hostsWith(v1, v2(), { fresh: 1, old: 2 }))
  const failed = (calls: number, traps: number) => {
    const traffic: RolloutKnowledge['observed']['traffic'] = (id, hosts) => {
      assert.deepEqual([id, hosts], ['my_app-web', ['a']])
      return { calls, traps }
    }
    return look(v2(), view, { observed: { traffic, check: () => undefined } }).rollout?.failed
  }
  assert.equal(failed(100, 6), 'web: 6 of 100 calls trapped on the hosts with the new version')
  assert.equal(failed(100, 5), undefined)
  assert.equal(failed(2, 2), undefined, 'too few to say anything')
})

test('a check is asked when a step is complete and at the end of its pause; a complaint fails it', () => {
  const url = 'http://127.0.0.1:1/health'
  const manifest = v2({ check: url })
  const view = lattice(hostsWith(v1, manifest, { fresh: 1, old: 2 }))
  const observed = (check: string | undefined) => ({
    traffic: noRollouts.observed.traffic,
    check: () => check,
  })
  const first = look(manifest, view)
  assert.deepEqual(first.rollout?.checks, [{ url, since: 0 }])
  const later = { noted: first.rollout?.rollout, now: 10_000 }
  const asked = look(manifest, view, { ...later, observed: observed(undefined) })
  assert.deepEqual([asked.rollout?.checks.length, targets(asked)], [2, []])
  assert.equal(targets(look(manifest, view, { ...later, observed: observed('') })).length, 2)
  const complaint = look(manifest, view, { observed: observed('it answered 500') })
  assert.equal(complaint.rollout?.failed, 'web: it answered 500')
})

test('a start that failed twice fails the version; once is bad luck', () => {
  const view = lattice(hostsWith(v1, v2(), { fresh: 0, old: 3 }))
  const begun = look(v2(), view)
  const [command] = begun.commands
  assert.ok(command)
  const failed = (tries: number) => {
    const failures = [{ ...command, error: 'no such file', tries }]
    return look(v2(), view, { noted: begun.rollout?.rollout, failures }).rollout?.failed
  }
  assert.equal(failed(1), undefined)
  assert.equal(failed(2), 'my_app-web on host-a (a): no such file')
})

test('what ran with the new version and was given up fails it at once', () => {
  const view = lattice(hostsWith(v1, v2(), { fresh: 0, old: 3 }))
  const begun = look(v2(), view)
  const gaveUp = {
    app: 'my-app',
    part: 'workload my_app-web',
    target: 'my_app-web on a',
    error: 'it took its thread along',
  }
  const failures = [{ ...gaveUp, tries: 1 }]
  const { rollout } = look(v2(), view, { noted: begun.rollout?.rollout, failures })
  assert.equal(rollout?.failed, 'my_app-web on host-a (a): it took its thread along')
})

test('what failed before the deploy is not the fault of the new version', () => {
  const withSick = (image: string) =>
    manifestOf([component('web', 3, { properties: { image } }), component('sick', 1)])
  const view = lattice(
    hostsWith(withSick('file:///v1.wasm'), withSick('file:///v2.wasm'), { fresh: 0, old: 3 }),
  )
  const to = withSick('file:///v2.wasm')
  const start = look(to, view).commands.find(({ target }) => target.startsWith('my_app-sick'))
  assert.ok(start)
  const sick = [{ ...start, error: 'no such file', tries: 9 }]
  const swap = look(to, view, { failures: sick }).commands.find(({ target }) =>
    target.startsWith('my_app-web'),
  )
  assert.ok(swap)
  const before = [
    ...sick,
    // Of another version: it was tried with other code.
    { ...swap, deed: { do: 'delete config', name: 'other' } as const, error: 'old news', tries: 9 },
  ]
  const begun = look(to, view, { failures: before })
  assert.equal(begun.rollout?.failed, undefined)
  const noted = begun.rollout?.rollout
  assert.deepEqual(noted?.failing, [start.target])
  const failures = [...before, { ...swap, error: 'it traps', tries: 2 }]
  assert.equal(look(to, view, { noted, failures }).rollout?.failed, 'my_app-web on host-a (a): it traps')
})

test('a host that does not get ready in time fails the version', () => {
  const manifest = v2({ timeout: '1m' })
  const view = lattice(hostsWith(v1, manifest, { fresh: 0, old: 3 }))
  const { rollout } = look(manifest, view)
  const failed = (now: number) => look(manifest, view, { noted: rollout?.rollout, now }).rollout?.failed
  assert.equal(failed(69_999), undefined)
  assert.equal(failed(70_000), 'web: no further host was ready after 60 s')
})

test('without the trait one host goes first, then all, without a pause', () => {
  const plain = (image: string) => manifestOf([component('web', 6, { properties: { image } })])
  const [from, to] = [plain('file:///v1.wasm'), plain('file:///v2.wasm')]
  assert.equal(targets(look(to, lattice(hostsWith(from, to, { fresh: 0, old: 3 })))).length, 1)
  assert.equal(targets(look(to, lattice(hostsWith(from, to, { fresh: 1, old: 2 })))).length, 2)
})

test('going back is done on all hosts at once', () => {
  const view = lattice(hostsWith(v1, v2(), { fresh: 0, old: 3 }))
  const known = { name: 'my-app', manifest: v2(), stored: true, made: undefined, hasBefore: true }
  for (const did of ['rollback', 'automatic rollback'] as const) {
    const [plan] = planAll([{ ...known, deed: { ...deed, did } }], view)
    assert.equal(plan?.commands.length, 3)
  }
})

test('what was rolled back is told in the status, with the reason', () => {
  const view = lattice(hostsWith(v1, v1, { fresh: 3, old: 0 }))
  const back = {
    ...deed,
    did: 'automatic rollback',
    version: 'v1',
    from: 'v2',
    reason: 'it trapped',
  } as const
  const [plan] = planAll([{ name: 'my-app', manifest: v1, stored: true, made: undefined, deed: back }], view)
  const status = plan?.status([])
  assert.deepEqual(status?.status, { type: 'deployed', message: 'rolled back from v2: it trapped' })
  assert.deepEqual(status?.rolledBack, { from: 'v2', reason: 'it trapped' })
})

test('a config of a component with the trait has a name of its own for each content', () => {
  const withLang = (lang: string) => {
    const traits = [{ type: 'rollout', properties: {} }]
    const config = [{ name: 'lang', properties: { lang } }]
    return desiredApp(manifestOf([component('web', 1, { traits, properties: { config } })]), () => undefined)
  }
  const [german, english] = [withLang('de'), withLang('en')]
  assert.match(german.configs[0]?.name ?? '', /^my_app-lang-[0-9a-f]{8}$/)
  assert.notEqual(german.configs[0]?.name, english.configs[0]?.name)
  assert.deepEqual(german.workloads[0]?.config, [german.configs[0]?.name])
  assert.notEqual(german.workloads[0]?.scalerId, english.workloads[0]?.scalerId)
  assert.equal(withLang('de').configs[0]?.name, german.configs[0]?.name)
})

const linked = (image: string, target: string, url: string) =>
  manifestOf([
    component('web', 6, {
      traits: [linkTo(target, { target: { name: target, config: [{ name: 'url', properties: { url } }] } })],
      properties: { image },
    }),
    provider(target),
  ])

/** The lattice as the manifest wants it, its component on hosts with these versions. */
function inPlace(manifest: Manifest, hosts: HostView[]): LatticeView {
  const { workloads, links, configs } = desiredApp(manifest, () => undefined)
  const [first, ...others] = hosts
  const kv = workloads.find(({ kind }) => kind === 'provider')
  assert.ok(first && kv)
  return lattice([running(first, kv), ...others], {
    links: links.map(({ link }) => link),
    configs: new Map(configs.map(({ name, properties }) => [name, properties ?? {}])),
  })
}

test('what the old version needs stays until all hosts run the new one', () => {
  const from = linked('file:///v1.wasm', 'kv', 'x')
  const to = manifestOf([component('web', 6, { properties: { image: 'file:///v2.wasm' } })])
  const made = {
    links: desiredApp(from, () => undefined).links.map(({ link }) => link),
    configs: ['my_app-url'],
  }
  const commands = (fresh: number) => {
    const view = inPlace(from, hostsWith(from, to, { fresh, old: 3 - fresh }))
    const known = { name: 'my-app', manifest: to, stored: true, made, deed, hasBefore: true }
    const at = (now: number, noted: RolloutKnowledge['noted']) => {
      const [plan] = planAll([known], view, { ...noRollouts, noted, now })
      assert.ok(plan)
      return plan
    }
    const early = at(2_999, at(0, undefined).rollout?.rollout)
    assert.deepEqual(early.made, made, 'it is remembered meanwhile')
    assert.ok(early.commands.every(({ deed: { do: does } }) => does === 'scale'))
    // Calls in flight may still need it, and not every host may have heard of a link yet.
    return at(3_000, early.rollout?.rollout).commands.map(({ deed: { do: does } }) => does)
  }
  assert.deepEqual(commands(0), ['scale'])
  assert.deepEqual(commands(1), ['scale', 'scale'])
  assert.deepEqual(commands(3), ['stop provider', 'delete link', 'delete config'])
})

test('links and their configs change once all hosts run the new version, then everything is watched', () => {
  const [from, to] = [linked('file:///v1.wasm', 'kv', 'x'), linked('file:///v2.wasm', 'kv', 'y')]
  const does = (plan: AppPlan) => plan.commands.map(({ deed: { do: name } }) => name)
  const rolling = look(to, inPlace(from, hostsWith(from, to, { fresh: 1, old: 2 })))
  assert.deepEqual(does(rolling), ['scale', 'scale'])
  assert.match(
    rolling.status([]).scalers.find(({ kind }) => kind === 'LinkScaler')?.status.message ?? '',
    /changes when all/,
  )
  const view = inPlace(from, hostsWith(from, to, { fresh: 3, old: 0 }))
  const switched = look(to, view, { noted: rolling.rollout?.rollout })
  assert.equal(switched.rollout?.rollout.stage, 'links')
  assert.deepEqual(does(switched), ['put config', 'put link'])
  const done = look(to, inPlace(to, hostsWith(from, to, { fresh: 3, old: 0 })), {
    noted: switched.rollout?.rollout,
  })
  assert.equal(done.rollout?.rollout.stage, 'done')
})

test('a link that is new is put before any host gets the code that may need it', () => {
  const from = manifestOf([component('web', 6, { properties: { image: 'file:///v1.wasm' } })])
  const to = linked('file:///v2.wasm', 'kv', 'x')
  const plan = look(to, lattice(hostsWith(from, to, { fresh: 0, old: 3 })))
  assert.deepEqual(
    plan.commands.map(({ deed: { do: name } }) => name),
    ['put config', 'start provider', 'put link'],
  )
})

/** A provider on two hosts of any make. */
const kvOf = (image: string) => manifestOf([provider('kv', 2, { image })])

test('what must stop to be replaced goes alone, and the next waits until it runs and is well', () => {
  const [from, to] = [kvOf('oci://kv:1'), kvOf('oci://kv:2')]
  const [old, fresh] = [workloadOf(from), workloadOf(to)]
  const done = (first: HostView) => {
    const plan = look(to, lattice([first, running(host('b'), old)]))
    return plan.commands.map(({ target, deed: { do: does } }) => `${does}: ${target}`)
  }
  assert.deepEqual(done(running(host('a'), old)), ['stop provider: my_app-kv on a'])
  assert.deepEqual(done(host('a')), ['start provider: my_app-kv on a'], 'b serves meanwhile')
  assert.deepEqual(done(running(host('a', { unheard: new Set(['my_app-kv']) }), fresh)), [])
  assert.deepEqual(done(running(host('a'), fresh)), ['stop provider: my_app-kv on b'])
})

test('a provider that is not well with the new version fails it', () => {
  const sick = host('a', { unhealthy: new Map([['my_app-kv', 'no store']]) })
  const hosts = [
    running(sick, workloadOf(kvOf('oci://kv:2'))),
    running(host('b'), workloadOf(kvOf('oci://kv:1'))),
  ]
  assert.equal(look(kvOf('oci://kv:2'), lattice(hosts)).rollout?.failed, 'kv on host-a: no store')
})

test('components on hosts that cannot swap code are stopped one at a time, never the last that serves', () => {
  const foreign = (name: string, manifest: Manifest) =>
    running(host(name, { weft: false }), workloadOf(manifest), { instances: 3 })
  const plan = (hosts: HostView[]) => targets(look(v2(), lattice(hosts)))
  assert.deepEqual(plan([foreign('a', v1), foreign('b', v1)]), ['my_app-web on a'])
  assert.deepEqual(plan([host('a', { weft: false }), foreign('b', v1)]), ['my_app-web on a'])
})

test('what is deployed while a roll-out goes on falls back to what came to all hosts before', () => {
  const v3 = web('file:///v3.wasm')
  const view = lattice(hostsWith(v1, v2(), { fresh: 1, old: 2 }))
  const noted = look(v2(), view).rollout?.rollout
  assert.equal(noted?.fallback, 'v1')
  const next = { ...deed, version: 'v3', from: 'v2', at: '2026-01-01T00:00:09.000Z' }
  const fallbackOf = (before: typeof noted) => {
    const known = { name: 'my-app', manifest: v3, stored: true, made: undefined, deed: next, hasBefore: true }
    const [plan] = planAll([known], view, { ...noRollouts, noted: before })
    return plan?.rollout?.rollout.fallback
  }
  assert.equal(fallbackOf(noted), 'v1')
  assert.equal(fallbackOf(noted && { ...noted, stage: 'done' }), 'v2')
})

test('a host whose turn has not come gets another number of instances with the version that it has', () => {
  const old = workloadOf(v1)
  const hosts = ['a', 'b', 'c'].map((name) => running(host(name), old, { instances: 1 }))
  const told = hosts.map((one) => ({
    ...one,
    components: one.components.map((component) => ({ ...component, config: ['lang'] })),
  }))
  const requests = look(v2(), lattice(told)).commands.flatMap(({ deed: { ...does } }) =>
    does.do === 'scale' ? [does.request] : [],
  )
  assert.deepEqual(
    requests.map(({ host_id, count, component_ref }) => `${host_id} ${count} ${component_ref}`).toSorted(),
    ['a 2 file:///v2.wasm', 'b 2 file:///v1.wasm', 'c 2 file:///v1.wasm'],
  )
  const kept = requests.find(({ host_id }) => host_id === 'b')
  assert.deepEqual([kept?.config, kept?.allow_update], [['lang'], false])
  assert.equal(kept?.annotations['wasmcloud.dev/scaler'], old.scalerId)
})

test('links go to a new component only when it runs', () => {
  const from = manifestOf([component('web', 1, { traits: [linkTo('kv')] }), component('kv', 1)])
  const to = manifestOf([component('web', 1, { traits: [linkTo('next')] }), component('next', 1)])
  const ids = (manifest: Manifest) => desiredApp(manifest, () => undefined)
  const made = { links: ids(from).links.map(({ link }) => link), configs: [] }
  const [web, kv] = ids(from).workloads
  const next = ids(to).workloads[1]
  assert.ok(web && kv && next)
  const does = (only: HostView, noted?: RolloutKnowledge['noted']) => {
    const view = lattice([only], { links: made.links })
    const known = { name: 'my-app', manifest: to, stored: true, made, deed, hasBefore: true }
    const [plan] = planAll([known], view, { ...noRollouts, noted })
    return { names: plan?.commands.map(({ deed: { do: name } }) => name), noted: plan?.rollout?.rollout }
  }
  const before = running(running(host('a'), web), kv)
  const first = does(before)
  assert.deepEqual(first.names, ['scale'])
  assert.deepEqual(does(running(before, next), first.noted).names, ['put link'])
})

test('going back takes away what only the bad version had, after the links have changed', () => {
  const good = manifestOf([component('web', 1)])
  const [web] = desiredApp(good, () => undefined).workloads
  const [extra] = desiredApp(manifestOf([component('extra', 1)]), () => undefined).workloads
  assert.ok(web && extra)
  const view = lattice([running(running(host('a'), web), extra)])
  const back = { ...deed, did: 'rollback' } as const
  const known = { name: 'my-app', manifest: good, stored: true, made: undefined, deed: back }
  const at = (now: number, noted: RolloutKnowledge['noted']) => {
    const [plan] = planAll([known], view, { ...noRollouts, noted, now })
    return plan
  }
  const first = at(0, undefined)
  assert.deepEqual(first?.commands, [])
  assert.equal(first?.rollout?.dueAt, 3_000)
  assert.deepEqual(targets(at(3_000, first?.rollout?.rollout) ?? first), ['my_app-extra on a'])
})

test('no host gets the new code before the components run that it may call', () => {
  const from = manifestOf([component('web', 1, { properties: { image: 'file:///v1.wasm' } })])
  const to = manifestOf([
    component('web', 1, { properties: { image: 'file:///v2.wasm' } }),
    component('next', 1),
  ])
  const [old] = desiredApp(from, () => undefined).workloads
  const next = desiredApp(to, () => undefined).workloads[1]
  assert.ok(old && next)
  const only = running(host('a'), old)
  assert.deepEqual(targets(look(to, lattice([only]))), ['my_app-next on a'])
  assert.deepEqual(targets(look(to, lattice([running(only, next)]))), ['my_app-web on a'])
})

test('going back goes on where something is not well or does not start', () => {
  const back = { ...deed, did: 'automatic rollback', version: 'v1', from: 'v2', reason: 'x' } as const
  const plan = (manifest: Manifest, hosts: HostView[], more: Partial<RolloutKnowledge> = {}) => {
    const known = { name: 'my-app', manifest, stored: true, made: undefined, deed: back }
    const [first] = planAll([known], lattice(hosts), { ...noRollouts, ...more })
    assert.ok(first)
    return first
  }
  const sick = host('a', { unhealthy: new Map([['my_app-kv', 'no store']]) })
  const [good, bad] = [workloadOf(kvOf('oci://kv:1')), workloadOf(kvOf('oci://kv:2'))]
  const half = plan(kvOf('oci://kv:1'), [running(sick, good), running(host('b'), bad)])
  assert.deepEqual([targets(half), half.rollout?.failed], [['my_app-kv on b'], undefined])

  const withExtra = manifestOf([component('web', 1), component('extra', 1)])
  const [web] = desiredApp(withExtra, () => undefined).workloads
  assert.ok(web)
  const hosts = [running(host('a'), web, { image: 'file:///bad.wasm' })]
  const first = plan(withExtra, hosts)
  assert.deepEqual(targets(first), ['my_app-extra on a'])
  const [command] = first.commands
  assert.ok(command)
  const failures = [{ ...command, error: 'no such file', tries: 1 }]
  const next = plan(withExtra, hosts, { noted: first.rollout?.rollout, failures })
  assert.deepEqual(targets(next), ['my_app-extra on a', 'my_app-web on a'])
})
