import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { type Lab, type LabHost, openLab } from '../support/lab.ts'
import { steadyLoad } from '../support/steady-load.ts'
import { until } from '../support/until.ts'

const run = promisify(execFile)
const greeter = 'chain-greeter'
/** From the loss of a host until its work runs elsewhere, at default settings. */
const healMs = 5_000
const patience = { timeoutMs: 60_000 }

/** The chain with its HTTP server and gateway on the host that stays, and the greeter on one of the others. */
function placed(text: string): string {
  const on = (role: string) => `instances: 1
            spread: [{ name: ${role}, requirements: { role: ${role} } }]`
  const [http = '', gateway = '', greeterPart = ''] = text.split(/(?=- name: gateway\n|- name: greeter\n)/)
  return [
    http.replace('instances: 1', on('entry')),
    gateway.replace('instances: 10', on('entry').replace('instances: 1', 'instances: 100')),
    greeterPart.replace('instances: 10', on('work')),
  ].join('')
}

describe('what a lattice does when a host is lost', () => {
  let lab: Lab
  let url: string
  let workers: LabHost[]
  before(async () => {
    lab = await openLab()
    await lab.host(['--label', 'role=entry', '--controller'])
    workers = [await lab.host(['--label', 'role=work']), await lab.host(['--label', 'role=work'])]
    const app = await lab.place.manifest('manifests/chain/app.yaml', placed)
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
      // It had accepted nothing, so that every call could go elsewhere.
      assert.deepEqual((await load.stop()).lost, [])
      process.kill(busy.weft.pid, 'SIGCONT')
    }
    const back = await until(() => told()?.components[greeter], patience)
    assert.equal(back.calls, before, 'calls that it finds in its socket are not run')
    await lab.instances(greeter, 1, { on: [busy, free] })
    assert.ok((await fetch(url)).ok, 'one of the two was stopped again')
  })
})

/** A network of its own for one process, joined with ours by a cable that can be pulled. */
async function openNetwork(): Promise<{
  readonly within: readonly string[]
  readonly ourAddress: string
  plug(state: 'up' | 'down'): Promise<void>
  close(): Promise<void>
}> {
  const name = `weft${process.pid % 100_000}`
  const [net, ours, theirs] = [10 + (process.pid % 200), `${name}a`, `${name}b`]
  const ip = (...args: readonly string[]) => run('ip', args)
  await ip('netns', 'add', name)
  const close = async () => {
    await ip('netns', 'del', name).catch(() => {})
    await ip('link', 'del', ours).catch(() => {})
  }
  try {
    await ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name)
    await ip('addr', 'add', `10.213.${net}.1/24`, 'dev', ours)
    await ip('link', 'set', ours, 'up')
    await ip('-n', name, 'addr', 'add', `10.213.${net}.2/24`, 'dev', theirs)
    await ip('-n', name, 'link', 'set', theirs, 'up')
    await ip('-n', name, 'link', 'set', 'lo', 'up')
  } catch (error) {
    await close()
    throw error
  }
  return {
    within: ['ip', 'netns', 'exec', name],
    ourAddress: `10.213.${net}.1`,
    plug: async (state) => void (await ip('link', 'set', ours, state)),
    close,
  }
}

describe('what a lattice does when a host is cut off', () => {
  test('its work runs elsewhere within 5 s, and what is too much is stopped when it is back', async (context) => {
    const network = await openNetwork().catch(() => undefined)
    if (!network) return context.skip('a network namespace can not be made here')
    const lab = await openLab({ address: '0.0.0.0' })
    try {
      await lab.host(['--label', 'role=entry', '--controller'])
      const natsUrl = lab.natsUrl.replace('127.0.0.1', network.ourAddress)
      const far = await lab.host(['--label', 'role=work'], { natsUrl, within: network.within })
      const app = await lab.place.manifest('manifests/chain/app.yaml', placed)
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
