import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connectNats } from '../../src/lattice/connect.ts'
import { requestHandScale } from '../../src/lattice/scale-by-hand.ts'
import { metricSubject } from '../../src/lattice/subjects.ts'
import { requestWake } from '../../src/lattice/wake.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import type { FakeHost } from './fake-host.ts'
import { component, provider } from './sample.ts'
import { onStage } from './stage.ts'

let nats: NatsServer

before(async () => {
  nats = await startNats()
})
after(() => nats.stop())

const id = 'my_app-hello'
const total = (hosts: readonly FakeHost[]) =>
  hosts.reduce((sum, { components }) => sum + (components.get(id)?.max_instances ?? 0), 0)
const follows = (properties: object) => [
  { ...component('hello', 2, { traits: [{ type: 'autoscaler', properties }] }) },
]
const patience = { timeoutMs: 20_000 }

test('instances follow the calls in flight over all hosts, up and down', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps }) => {
    const hosts = [await host(), await host()]
    await controller()
    await deploy(follows({ max: 40, target: { inFlight: 0.5 }, downAfter: '1s' }))
    await settled('deployed')
    assert.equal(total(hosts), 2, 'it begins with what the spreadscaler says')
    for (const each of hosts) each.load(id, { inFlight: 3, waiting: 2 })
    await until(() => total(hosts) === 20, patience)
    for (const each of hosts) each.load(id, { inFlight: 100, waiting: 20 })
    await until(() => total(hosts) === 40, patience)
    await until(
      async () => /hello: 40 instances by its load/.test((await apps.status('my-app')).status.message),
      patience,
    )
    for (const each of hosts) each.load(id, {})
    await until(() => total(hosts) === 1, patience)
  }))

test('a number that somebody publishes scales', () =>
  onStage(nats, async ({ host, controller, deploy, settled, lattice }) => {
    const only = await host()
    await controller()
    await deploy(follows({ max: 40, target: { metric: { name: 'orders', value: 10 } } }))
    await settled('deployed')
    const connection = await connectNats({ url: nats.url, name: 'metric' })
    try {
      connection.publish(metricSubject(lattice, 'orders'), 'nonsense')
      connection.publish(metricSubject(lattice, 'orders'), '75')
      await until(() => total([only]) === 8, patience)
    } finally {
      await connection.close()
    }
  }))

test('what nobody calls sleeps, a call wakes it, and another controller remembers', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps, lattice }) => {
    const only = await host()
    const first = await controller()
    await deploy(follows({ min: 0, max: 9, idleAfter: '1s' }))
    await settled('deployed')
    await until(() => total([only]) === 0, patience)
    await until(async () => /hello sleeps/.test((await apps.status('my-app')).status.message), patience)
    await first.stop()
    const second = await controller()
    await until(() => second.leads())
    await settled('deployed')
    assert.equal(total([only]), 0, 'it was not started again')
    const connection = await connectNats({ url: nats.url, name: 'caller' })
    try {
      const answer = await until(async () => {
        const { state } = await requestWake({ connection, lattice, target: id })
        return state === 'starting' ? undefined : state
      }, patience)
      assert.equal(answer, 'running')
      assert.equal(total([only]), 1)
    } finally {
      await connection.close()
    }
  }))

test('what is stopped, unknown or can not be started says so to who calls it', () =>
  onStage(nats, async ({ host, controller, deploy, settled, lattice }) => {
    const connection = await connectNats({ url: nats.url, name: 'caller' })
    const ask = (target: string) => requestWake({ connection, lattice, target })
    try {
      assert.deepEqual(await ask(id), { state: 'stopped' }, 'without a controller')
      const only = await host()
      const { leads } = await controller()
      await until(leads)
      const eu = [{ name: 'eu', requirements: { zone: 'eu' } }]
      await deploy([component('hello', 1), component('far', 1, { spread: eu }), component('none', 0)])
      await settled('waiting')
      assert.deepEqual(await ask('my_app-none'), { state: 'stopped' })
      assert.deepEqual(await ask('nobody'), { state: 'stopped' })
      assert.deepEqual(await ask(id), { state: 'running' })
      const far = await ask('my_app-far')
      assert.ok(far.state === 'failing' && /0 hosts match zone=eu/.test(far.reason))
      await requestHandScale({ connection, lattice, scale: { component: id, instances: 0 } })
      await until(() => total([only]) === 0)
      assert.deepEqual(await ask(id), { state: 'stopped' }, 'zero by hand is no sleep')
    } finally {
      await connection.close()
    }
  }))

test('a number by hand is kept until another version is deployed, or given back', () =>
  onStage(nats, async ({ host, controller, deploy, settled, apps, lattice }) => {
    const hosts = [await host(), await host()]
    await controller()
    await deploy([component('hello', 2), provider('kv')])
    await settled('deployed')
    const connection = await connectNats({ url: nats.url, name: 'by hand' })
    const byHand = (component: string, instances: number | null) =>
      requestHandScale({ connection, lattice, scale: { component, instances } })
    try {
      assert.deepEqual(await byHand(id, 12), { application: 'my-app', version: 'v1', instances: 12 })
      await until(() => total(hosts) === 12)
      await until(
        async () => /hello: 12 instances by hand/.test((await apps.status('my-app')).status.message),
        patience,
      )
      assert.equal((await byHand(id, null)).instances, 2)
      await until(() => total(hosts) === 2)
      await byHand(id, 7)
      await until(() => total(hosts) === 7)
      await deploy([component('hello', 3), provider('kv')], 'v2')
      await until(() => total(hosts) === 3)
      await assert.rejects(byHand('nobody', 3), { code: 'not_found' })
      await assert.rejects(byHand('my_app-kv', 3), { code: 'invalid', message: /is a provider/ })
    } finally {
      await connection.close()
    }
  }))
