import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { greeterLink, greetOver } from '../support/greet.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'

const reference = pathToFileURL(`${root}/test/provider-programs/greeter.ts`).href
const patient = { timeoutMs: 40_000 }

describe('a provider in TypeScript, on two hosts', () => {
  let lattice: TestLattice
  let first: LatticeHost
  let second: LatticeHost
  let greet: ReturnType<typeof greetOver>

  before(async () => {
    lattice = await openLattice()
    first = await lattice.startHost()
    second = await lattice.startHost()
    await lattice.client.putConfig('greeting', { greeting: 'Hi' })
    await lattice.client.putConfig('own', { greeting: 'Ahoy' })
    await lattice.client.putLink(greeterLink)
    for (const host of [first, second]) await start(host, 'greeter')
    greet = greetOver(lattice.connection, 'greeter')
  })
  after(() => lattice.close())

  const start = async ({ id: host_id }: LatticeHost, provider_id: string) => {
    await lattice.client.startProvider({
      host_id,
      provider_id,
      provider_ref: reference,
      config: ['own'],
      annotations: {},
    })
    await happened('provider_started', provider_id, host_id)
  }
  const happened = (name: string, id: string, hostId: string) =>
    until(
      () =>
        lattice.events.find(
          ({ name: own, source, data }) =>
            own === name && source === hostId && 'provider_id' in data && data.provider_id === id,
        ),
      { ...patient, what: `${name} of ${id}` },
    )
  /** What every instance says: asked until both have. */
  const all = async (name: string) => {
    const said = new Map<string, string>()
    await until(async () => {
      const [pid, text] = await Promise.all([greet('pid'), greet(name)])
      said.set(pid, text)
      return said.size === 2
    }, patient)
    return [...said.values()]
  }
  const bothSay = (name: string, expected: string) =>
    until(async () => (await all(name)).every((text) => text === expected), {
      ...patient,
      what: `${name}: ${expected}`,
    })

  test('both answer, with the link and the config of their own', async () => {
    await bothSay('link', 'Hi')
    await bothSay('config', 'Ahoy')
  })

  test('changed config reaches both, of the link and their own, while calls run and none is lost', async () => {
    const stop = new AbortController()
    let answered = 0
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!stop.signal.aborted) {
          assert.notEqual(await greet('link'), 'none')
          answered += 1
        }
      }),
    )
    await lattice.client.putConfig('greeting', { greeting: 'Hey' })
    await lattice.client.putConfig('own', { greeting: 'Aye' })
    await bothSay('link', 'Hey')
    await bothSay('config', 'Aye')
    await lattice.client.deleteLink(greeterLink)
    await lattice.client.putLink(greeterLink)
    const enough = answered + 100
    await until(() => answered > enough, patient)
    stop.abort()
    await load
    await bothSay('link', 'Hey')
  })

  test('a link that it cannot take makes it unhealthy, with its reason', async () => {
    await lattice.client.putConfig('greeting', { greeting: 'refused' })
    const failed = await happened('health_check_failed', 'greeter', first.id)
    assert.match(JSON.stringify(failed.data), /that greeting is not for this house/)
    await lattice.client.putConfig('greeting', { greeting: 'Hi' })
    await until(
      () =>
        lattice.events.some(
          ({ name, source, time }) =>
            name === 'health_check_passed' && source === first.id && time > failed.time,
        ),
      patient,
    )
  })

  test('one that is stopped finishes the calls that it has', async () => {
    const slow = Array.from({ length: 6 }, () => greet('slow'))
    await delay(100)
    await lattice.client.stopProvider(second.id, 'greeter')
    assert.deepEqual(new Set(await Promise.all(slow)), new Set(['that took half a second']))
    await until(() => /the greeter has stopped/.test(second.weft.output()), patient)
  })

  test('its death in mid-call fails the calls that it had, at once, and no others', async () => {
    await start(second, 'greeter')
    const other = greetOver(lattice.connection, 'other')
    await start(second, 'other')
    const kept = other('slow')
    // That one is on either of the two.
    const slow = greet('slow').catch((error: unknown) => assert.match(String(error), /is gone/))
    await assert.rejects(greet('die'), { code: 'unavailable', message: /the process that ran .* is gone/ })
    assert.equal(await kept, 'that took half a second')
    await slow
    await until(async () => (await all('link')).length === 2, patient)
  })

  test('the kill of a host fails the calls that its providers had, and takes them along', async () => {
    await lattice.client.stopProvider(first.id, 'greeter')
    const pid = Number(await greet('pid'))
    const stuck = assert.rejects(greet('stuck', 60_000), { code: 'unavailable' })
    await until(async () => Number(await greet('pid')) === pid)
    await second.weft.stop('SIGKILL')
    await stuck
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
