import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { Link } from '../../src/lattice/link.ts'
import { greeterLink } from '../support/greet.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { freePort, root } from '../support/weft.ts'

const greeter: Link = { ...greeterLink, source_id: 'gateway' }
const reference = pathToFileURL(`${root}/test/provider-programs/greeter.py`).href
const patient = { timeoutMs: 30_000 }

describe('a provider in Python, in a process of its own', () => {
  let lattice: TestLattice
  let host: LatticeHost
  let url: string

  before(async () => {
    lattice = await openLattice()
    host = await lattice.startHost()
    const port = await freePort()
    url = `http://127.0.0.1:${port}/`
    await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
    await lattice.client.putConfig('greeting', { greeting: 'Hi' })
    await lattice.client.putConfig('own', { greeting: 'Ahoy' })
    await lattice.scale(host, {
      component_id: 'gateway',
      count: 50,
      path: 'manifests/chain/gateway/gateway.wasm',
    })
    await lattice.startProvider(host, 'http', 'http-server')
    await lattice.client.putLink({
      source_id: 'http',
      target: 'gateway',
      name: 'default',
      wit_namespace: 'wasi',
      wit_package: 'http',
      interfaces: ['incoming-handler'],
      source_config: ['address'],
      target_config: [],
    })
    await lattice.client.putLink(greeter)
    await start('greeter', { config: ['own'] })
    await happened('provider_started', 'greeter')
  })
  after(() => lattice.close())

  const start = (provider_id: string, { config = [] as string[], ref = reference } = {}) =>
    lattice.client.startProvider({
      host_id: host.id,
      provider_id,
      provider_ref: ref,
      config,
      annotations: {},
    })
  const events = (name: string, id: string) =>
    lattice.events.filter(
      (event) => event.name === name && 'provider_id' in event.data && event.data.provider_id === id,
    )
  const happened = (name: string, id: string, times = 1) =>
    until(() => events(name, id)[times - 1], { ...patient, what: `${name} of ${id}\n${host.weft.output()}` })
  const ask = async (name: string) => {
    const answer = await fetch(`${url}?name=${name}`, { signal: AbortSignal.timeout(20_000) })
    return { status: answer.status, text: await answer.text() }
  }
  const says = (name: string, expected: RegExp) =>
    until(async () => expected.test((await ask(name)).text), { ...patient, what: `${name}: ${expected}` })

  test('it is started, gets its link and config, and answers a component', async () => {
    await says('Ada', /Hello, Ada, from Python!/)
    assert.match((await ask('link')).text, /\bHi\b/)
    assert.match((await ask('config')).text, /Ahoy/)
  })

  test('its environment is next to empty, and the host says that it runs and is well', async () => {
    assert.doesNotMatch((await ask('env')).text, /WEFT|HOME|NO_COLOR/)
    await happened('health_check_passed', 'greeter')
    const { providers } = await lattice.client.inventory(host.id)
    assert.deepEqual(
      providers.find(({ id }) => id === 'greeter'),
      { id: 'greeter', image_ref: `${root}/test/provider-programs/greeter.py`, annotations: {}, revision: 0 },
    )
  })

  test('a link that changes, or whose config does, and its own config reach it while it runs', async () => {
    const pid = (await ask('pid')).text
    await lattice.client.putConfig('greeting', { greeting: 'Hey' })
    await says('link', /^Hey$/m)
    await lattice.client.putConfig('own', { greeting: 'Aye' })
    await says('config', /Aye/)
    const second = { ...greeter, name: 'second' }
    await lattice.client.putLink(second)
    await says('link', /^Hey Hey$/m)
    await lattice.client.deleteLink(second)
    await says('link', /^Hey$/m)
    assert.equal((await ask('pid')).text, pid)
  })

  test('what it writes is in the log with its name, structured lines with their level', async () => {
    await until(() => /INFO .*greeter starts.*provider=greeter/.test(host.weft.output()), patient)
  })

  test('its death in mid-call is an error for the caller, at once', async () => {
    await says('Ada', /Hello, Ada/)
    const { status, text } = await ask('die')
    assert.equal(status, 503)
    assert.match(text, /the process that ran .* of greeter is gone/)
    await until(() => /ERROR it dies as it was told .*why=test/.test(host.weft.output()), patient)
    await says('Ada', /Hello, Ada/)
  })

  test('killed, it is started again, with the links of now; the lattice hears of its health', async () => {
    const pid = Number((await ask('pid')).text)
    process.kill(pid, 'SIGKILL')
    await says('Ada', /Hello, Ada/)
    assert.notEqual(Number((await ask('pid')).text), pid)
    assert.match((await ask('link')).text, /^Hey$/m)
    const failed = await until(
      () =>
        events('health_check_failed', 'greeter').find(({ data }) =>
          /exit code 137/.test(JSON.stringify(data)),
        ),
      patient,
    )
    await until(
      () => events('health_check_passed', 'greeter').some(({ time }) => time > failed.time),
      patient,
    )
  })

  test('one that ends before it answers has not started: the event says how it ended and what it said', async () => {
    await lattice.client.putConfig('crash', { crash: 'yes' })
    await start('crashing', { config: ['crash'] })
    const failed = await happened('provider_start_failed', 'crashing')
    assert.match(
      JSON.stringify(failed.data),
      /before it was ready: exit code 1, after it said: it was told to crash/,
    )
    await start('no-program', { ref: pathToFileURL(`${root}/README.md`).href })
    const refused = await happened('provider_start_failed', 'no-program')
    assert.match(JSON.stringify(refused.data), /Permission denied/)
    await start('nothing', { ref: 'file:///no/such/file' })
    assert.match(JSON.stringify((await happened('provider_start_failed', 'nothing')).data), /no such file/)
  })

  test('stopped, it is asked to end, and ends', async () => {
    await start('second')
    await happened('provider_started', 'second')
    await lattice.client.stopProvider(host.id, 'second')
    await happened('provider_stopped', 'second')
    await until(() => /greeter ends.*provider=second/.test(host.weft.output()), patient)
  })

  test('kill -9 of the host takes it along', async () => {
    const pid = Number((await ask('pid')).text)
    await host.weft.stop('SIGKILL')
    await until(() => !isAlive(pid), patient)
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
