import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { chainOnRoles } from '../support/chain-on-roles.ts'
import { type Lab, type LabHost, openLab } from '../support/lab.ts'
import { openNetwork } from '../support/network.ts'
import { steadyLoad } from '../support/steady-load.ts'
import { until } from '../support/until.ts'

const greeter = 'chain-greeter'
/** From the loss of a host until its work runs elsewhere, at default settings. */
const healMs = 5_000
const patience = { timeoutMs: 60_000 }

describe('what a lattice does when a host is lost', () => {
  let lab: Lab
  let url: string
  let workers: LabHost[]
  before(async () => {
    lab = await openLab()
    await lab.host(['--label', 'role=entry', '--controller'])
    workers = [await lab.host(['--label', 'role=work']), await lab.host(['--label', 'role=work'])]
    const app = await lab.place.manifest('manifests/chain/app.yaml', chainOnRoles)
    await lab.weft('app', 'deploy', app.path)
    url = `${app.url}/?name=Ada`
    await until(async () => (await fetch(url)).ok, patience)
  })
  after(() => lab.close())

  /** The worker that runs the greeter, and the other one. */
  const roles = () => {
    const busy = workers.find(({ id }) => lab.running(greeter).has(id))
    const free = workers.find(({ id }) => !lab.running(greeter).has(id))
    assert.ok(busy && free)
    return { busy, free }
  }

  test('killed: its work runs elsewhere within 5 s; only calls that it had taken are lost', async () => {
    const { busy, free } = roles()
    const load = steadyLoad([url], { callers: 4, pauseMs: 20 })
    await until(() => load.soFar().good > 20, patience)
    await busy.weft.stop('SIGKILL')
    const healedMs = await lab.instances(greeter, 1, { on: [free] })
    const goodBefore = load.soFar().good
    await until(() => load.soFar().good > goodBefore + 20, patience)
    const { lost } = await load.stop()
    assert.ok(healedMs < healMs, `it took ${healedMs} ms`)
    assert.ok(lost.length <= 4, JSON.stringify(lost))
    workers = [free, await lab.host(['--label', 'role=work'])]
  })

  test('frozen: the same without any loss, and thawed it runs nothing that was meant for it meanwhile', async () => {
    const { busy, free } = roles()
    const told = () => lab.peers.get(busy.id)
    const asked = Date.now()
    await until(() => (told()?.time ?? 0) > asked && told()?.components[greeter]?.inFlight === 0, patience)
    const before = told()?.components[greeter]?.calls
    process.kill(busy.weft.pid, 'SIGSTOP')
    const load = steadyLoad([url], { callers: 4, pauseMs: 20 })
    try {
      const healedMs = await lab.instances(greeter, 1, { on: [free] })
      await until(() => load.soFar().good > 20, patience)
      assert.ok(healedMs < healMs, `it took ${healedMs} ms`)
    } finally {
      const { lost } = await load.stop()
      process.kill(busy.weft.pid, 'SIGCONT')
      // It had accepted nothing, so that every call could go elsewhere.
      assert.deepEqual(lost, [])
    }
    const back = await until(() => told()?.components[greeter], patience)
    assert.equal(back.calls, before, 'calls that it finds in its socket are not run')
    await lab.instances(greeter, 1, { on: [busy, free] })
    assert.ok((await fetch(url)).ok, 'one of the two was stopped again')
  })
})

describe('what a lattice does when a host is cut off', () => {
  test('its work runs elsewhere within 5 s, and what is too much is stopped when it is back', async (context) => {
    const network = await openNetwork()
    if (!network) return context.skip('a network namespace can not be made here')
    const lab = await openLab({ address: '0.0.0.0' })
    try {
      await lab.host(['--label', 'role=entry', '--controller'])
      const natsUrl = lab.natsUrl.replace('127.0.0.1', network.ourAddress)
      const far = await lab.host(['--label', 'role=work'], { natsUrl, within: network.within })
      const app = await lab.place.manifest('manifests/chain/app.yaml', chainOnRoles)
      await lab.weft('app', 'deploy', app.path)
      const url = `${app.url}/?name=Ada`
      await until(async () => (await fetch(url)).ok, patience)
      const near = await lab.host(['--label', 'role=work'])
      assert.ok(lab.running(greeter).has(far.id))
      const load = steadyLoad([url], { callers: 4, pauseMs: 20 })
      await until(() => load.soFar().good > 20, patience)
      await network.plug('down')
      const healedMs = await lab.instances(greeter, 1, { on: [near] })
      const { good } = load.soFar()
      await until(() => load.soFar().good > good + 20, patience)
      await network.plug('up')
      await until(() => lab.peers.has(far.id), patience)
      await lab.instances(greeter, 1)
      const { lost } = await load.stop()
      assert.ok(healedMs < healMs, `it took ${healedMs} ms`)
      assert.ok(lost.length <= 4, JSON.stringify(lost))
      assert.ok((await fetch(url)).ok)
    } finally {
      await lab.close()
      await network.close()
    }
  })
})

describe('what a lattice does when NATS or a controller is lost', () => {
  let lab: Lab
  let hosts: LabHost[]
  let url: string
  before(async () => {
    lab = await openLab()
    hosts = [await lab.host(['--controller']), await lab.host(['--controller']), await lab.host()]
    const app = await lab.place.manifest('manifests/chain/app.yaml')
    await lab.weft('app', 'deploy', app.path)
    url = `${app.url}/?name=Ada`
    await until(async () => (await fetch(url)).ok, patience)
    await lab.instances('chain-gateway', 10)
  })
  after(() => lab.close())

  test('NATS that is away for longer than hosts may be silent deletes nothing and restarts nothing', async () => {
    const seen = lab.events.length
    await lab.killNats()
    const away = performance.now() + 8_000
    let good = 0
    while (performance.now() < away) {
      const answer = await fetch(url).catch(() => undefined)
      if (answer?.ok) good += 1
      await answer?.text()
    }
    await lab.startNats()
    await until(() => lab.peers.size === 3, patience)
    await until(async () => (await fetch(url)).ok, patience)
    const calm = performance.now() + 8_000
    await until(() => performance.now() > calm, patience)
    const done = lab.events.slice(seen).map(({ event: { name } }) => name)
    assert.deepEqual(
      done.filter((name) => name !== 'host_heartbeat' && !name.startsWith('health_check')),
      [],
    )
    assert.match(await lab.weft('app', 'status', 'chain'), /: deployed/)
    assert.ok(good > 0, 'calls that stay on one host were answered all the while')
  })

  test('the controller that acts is killed: another one acts within 10 s', async () => {
    const leader = /leads/
    const first = hosts.find(({ weft }) => leader.test(weft.output()))
    assert.ok(first)
    const others = hosts.filter((host) => host !== first)
    const killedAt = performance.now()
    await first.weft.stop('SIGKILL')
    await until(() => others.some(({ weft }) => leader.test(weft.output())), patience)
    // What the killed host had is where it acts for the first time.
    await lab.instances(greeter, 10, { on: others })
    const tookMs = performance.now() - killedAt
    assert.ok(tookMs < 10_000, `it took ${tookMs} ms`)
  })
})
