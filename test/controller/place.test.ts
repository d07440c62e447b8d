import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredApp, type Workload } from '../../src/controller/desired.ts'
import type { HostView } from '../../src/controller/lattice-view.ts'
import { placeWorkload } from '../../src/controller/place.ts'
import { Room } from '../../src/controller/room.ts'
import { component, host, manifestOf, provider, running } from './sample.ts'

function workloadOf(definition: object): Workload {
  const [workload] = desiredApp(manifestOf([definition]), () => undefined).workloads
  assert.ok(workload)
  return workload
}

function numbers(workload: Workload, hosts: readonly HostView[]): Record<string, number> {
  const { assignments } = placeWorkload(workload, hosts)
  return Object.fromEntries(assignments.map(({ host: { id }, instances }) => [id, instances]).toSorted())
}

const three = [host('a'), host('b'), host('c')]

test('instances are divided evenly over all hosts', () => {
  const counts = Object.values(numbers(workloadOf(component('hello', 10)), three)).toSorted()
  assert.deepEqual(counts, [3, 3, 4])
})

test('fewer instances than hosts use as many hosts as instances, and stay where they run', () => {
  const workload = workloadOf(component('hello', 1))
  assert.equal(Object.keys(numbers(workload, three)).length, 1)
  for (const id of ['a', 'b', 'c']) {
    const hosts = three.map((one) => (one.id === id ? running(one, workload) : one))
    assert.deepEqual(numbers(workload, hosts), { [id]: 1 })
  }
})

test('many small workloads do not all go to one host', () => {
  const used = new Set<string>()
  for (let i = 0; i < 20; i++) used.add(Object.keys(numbers(workloadOf(component(`c${i}`, 1)), three)).join())
  assert.deepEqual([...used].toSorted(), ['a', 'b', 'c'])
})

test('a spread takes only hosts with its labels, by weight', () => {
  const spread = [
    { name: 'east', requirements: { zone: 'east' }, weight: 80 },
    { name: 'west', requirements: { zone: 'west' }, weight: 20 },
  ]
  const workload = workloadOf(component('hello', 11, { spread }))
  const hosts = [
    host('e1', { labels: { zone: 'east' } }),
    host('e2', { labels: { zone: 'east' } }),
    host('w1', { labels: { zone: 'west' } }),
    host('n1', { labels: { zone: 'north' } }),
  ]
  // floor(8.8) + the rest of 1, and floor(2.2).
  const { e1 = 0, e2 = 0, w1, n1 } = numbers(workload, hosts)
  assert.deepEqual([e1 + e2, Math.abs(e1 - e2), w1, n1], [9, 1, 2, undefined])
})

test('no host with the labels is told as such', () => {
  const spread = [{ name: 'eu', requirements: { zone: 'eu' } }]
  const workload = workloadOf(component('hello', 2, { spread }))
  assert.deepEqual(placeWorkload(workload, three).shortfalls, ['0 hosts match zone=eu'])
  assert.deepEqual(placeWorkload(workload, []).shortfalls, ['0 hosts in the lattice'])
})

test('spreads that share their only host share its instances', () => {
  const spread = [
    { name: 'one', requirements: {}, weight: 50 },
    { name: 'two', requirements: {}, weight: 50 },
  ]
  const workload = workloadOf(component('hello', 4, { spread }))
  assert.deepEqual(numbers(workload, [host('a')]), { a: 4 })
  assert.deepEqual(numbers(workload, [running(host('a'), workload, { spread: 'one' }), host('b')]), {
    a: 2,
    b: 2,
  })
})

test('a host that only one spread can use is left to it', () => {
  const spread = [
    { name: 'any', requirements: {} },
    { name: 'gpu', requirements: { gpu: 'yes' } },
  ]
  const workload = workloadOf(component('hello', 4, { spread }))
  const hosts = [host('a', { labels: { gpu: 'yes' } }), host('b'), host('c')]
  const { assignments } = placeWorkload(workload, hosts)
  assert.equal(assignments.find(({ host: { id } }) => id === 'a')?.spread, 'gpu')
})

test('a provider runs once on as many hosts as asked', () => {
  const workload = workloadOf(provider('kv', 2))
  const placement = placeWorkload(workload, three)
  assert.deepEqual(
    placement.assignments.map(({ instances }) => instances),
    [1, 1],
  )
  assert.deepEqual(placement.shortfalls, [])
  const few = placeWorkload(workload, [host('a')])
  assert.deepEqual(few.shortfalls, ['1 hosts in the lattice, 2 needed for spread "default"'])
})

test('a daemon runs on every eligible host with all its instances', () => {
  const traits = [{ type: 'daemonscaler', properties: { instances: 5 } }]
  const daemon = workloadOf({ ...component('hello', 1), traits })
  assert.deepEqual(numbers(daemon, three), { a: 5, b: 5, c: 5 })
  const providerDaemon = workloadOf({ ...provider('kv'), traits })
  assert.deepEqual(numbers(providerDaemon, three), { a: 1, b: 1, c: 1 })
})

test('a component without a scaler is placed nowhere, a provider without one on one host', () => {
  assert.deepEqual(numbers(workloadOf({ ...component('hello', 1), traits: [] }), three), {})
  assert.equal(Object.keys(numbers(workloadOf({ ...provider('kv'), traits: [] }), three)).length, 1)
})

test('unbounded instances are unbounded on every host', () => {
  const most = 4_294_967_295
  assert.deepEqual(numbers(workloadOf(component('hello', most)), three), { a: most, b: most, c: most })
})

test('0 instances run nowhere and lack nothing', () => {
  assert.deepEqual(placeWorkload(workloadOf(component('hello', 0)), three), {
    assignments: [],
    shortfalls: [],
  })
})

const capacity = (instances: number, more: Readonly<Record<string, string>> = {}) => ({
  labels: { 'weft.capacity.instances': String(instances), ...more },
})

test('a host gets no more instances than it has room for beside what else runs there', () => {
  const other = workloadOf(component('other', 1))
  const hosts = [
    running(host('a', capacity(10)), other, { instances: 8 }),
    host('b', capacity(10)),
    host('c', capacity(100)),
  ]
  const workload = workloadOf(component('hello', 30))
  assert.deepEqual(numbers(workload, hosts), { a: 2, b: 10, c: 18 })
})

test('what found no room is told, and what runs counts as its own', () => {
  const workload = workloadOf(component('hello', 30))
  const hosts = [running(host('a', capacity(10)), workload, { instances: 10 }), host('b', capacity(5))]
  const { assignments, shortfalls } = placeWorkload(workload, hosts)
  assert.deepEqual(
    assignments.map(({ instances }) => instances),
    [10, 5],
  )
  assert.deepEqual(shortfalls, ['2 hosts in the lattice, with room for 15 of 30 instances'])
})

test('memory is reserved by the limit of each instance', () => {
  const limits = { type: 'limits', properties: { memory: '64MiB' } }
  const workload = workloadOf(component('hello', 20, { traits: [limits] }))
  const hosts = [
    host('a', { labels: { 'weft.capacity.memory': '512MiB' } }),
    host('b', { labels: { 'weft.capacity.memory': '1GiB' } }),
  ]
  assert.deepEqual(numbers(workload, hosts), { a: 8, b: 12 })
  const unlimited = workloadOf(component('small', 20))
  assert.deepEqual(numbers(unlimited, hosts), { a: 10, b: 10 })
})

test('what was just given to one workload is not given to the next', () => {
  const room = new Room()
  const hosts = [host('a', capacity(10)), host('b', capacity(10))]
  const [first, second] = [workloadOf(component('one', 14)), workloadOf(component('two', 14))]
  const given = placeWorkload(first, hosts, room).assignments
  room.give(first, given)
  const rest = placeWorkload(second, hosts, room)
  assert.deepEqual(
    rest.assignments.map(({ instances }) => instances),
    [3, 3],
  )
  room.forget(first.id)
  assert.deepEqual(placeWorkload(second, hosts, room).shortfalls, [])
})

test('few instances go to different failure domains', () => {
  const zones = { a: 'x', b: 'x', c: 'x', d: 'x', e: 'y', f: 'z' }
  const hosts = Object.entries(zones).map(([id, zone]) => host(id, { labels: { zone } }))
  for (let i = 0; i < 10; i++) {
    const used = Object.keys(numbers(workloadOf(component(`c${i}`, 3)), hosts))
    const domains = used.map((id) => zones[id as keyof typeof zones])
    assert.deepEqual(domains.toSorted(), ['x', 'y', 'z'])
  }
})

test('another label may be the failure domain; what runs is not moved for it', () => {
  const placement = { type: 'placement', properties: { domain: 'rack' } }
  const workload = workloadOf(component('hello', 2, { traits: [placement] }))
  const racks = { a: '1', b: '1', c: '1', d: '2' }
  const hosts = Object.entries(racks).map(([id, rack]) => host(id, { labels: { rack, zone: id } }))
  assert.ok('d' in numbers(workload, hosts))
  const inOneRack = hosts.map((one) => (one.id < 'c' ? running(one, workload) : one))
  assert.deepEqual(numbers(workload, inOneRack), { a: 1, b: 1 })
})

test('with perHost a further host is used only when the first ones have their number', () => {
  const placement = { type: 'placement', properties: { perHost: 10 } }
  const used = (instances: number) =>
    Object.values(numbers(workloadOf(component('hello', instances, { traits: [placement] })), three))
  assert.deepEqual([used(10), used(11), used(45)], [[10], [6, 5], [15, 15, 15]])
})

test('a daemon runs as many as there is room for', () => {
  const traits = [{ type: 'daemonscaler', properties: { instances: 5 } }]
  const daemon = workloadOf({ ...component('hello', 1), traits })
  const hosts = [host('a'), host('b', capacity(2))]
  assert.deepEqual(numbers(daemon, hosts), { a: 5, b: 2 })
  assert.deepEqual(placeWorkload(daemon, hosts).shortfalls, [
    '2 hosts in the lattice, with room for 7 of 10 instances',
  ])
})

test('a host that drains gets nothing, and that is told where it is missed', () => {
  const workload = workloadOf(component('hello', 4))
  const drains = host('a', { labels: { 'weft.draining': 'true' } })
  assert.deepEqual(numbers(workload, [running(drains, workload, { instances: 4 }), host('b')]), { b: 4 })
  assert.deepEqual(placeWorkload(workload, [drains]).shortfalls, ['0 hosts in the lattice (1 draining)'])
})

test('a component with volumes runs only where they are, with the access that it asks for', () => {
  const mounts = [{ volume: 'data', path: '/data', access: 'read-write' }]
  const workload = workloadOf(
    component('hello', 6, { traits: [{ type: 'volumes', properties: { mounts } }] }),
  )
  const labelled = (id: string, access: string) => ({
    ...host(id),
    labels: { ...host(id).labels, 'weft.dev/volume.data': access },
  })
  const hosts = [...three, labelled('d', 'read-write'), labelled('e', 'read-only')]
  assert.deepEqual(numbers(workload, hosts), { d: 6 })
  assert.deepEqual(placeWorkload(workload, three).shortfalls, [
    '0 hosts in the lattice (3 without its volumes)',
  ])
})
