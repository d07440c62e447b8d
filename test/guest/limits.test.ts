import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ComponentLimits } from '../../src/component-settings.ts'
import { withinHost } from '../../src/guest/limits.ts'
import { fakeServices, fetchFrom, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

const load = (name: string, limits: ComponentLimits) =>
  guests.load(`test/guests/${name}/${name}.wasm`, { settings: { limits } })

async function* chunks(count: number, size: number) {
  for (let chunk = 0; chunk < count; chunk++) yield new Uint8Array(size)
}

describe('a limit that is hit', () => {
  test('by a list that crosses the border is an error of its own, in both directions', async () => {
    const calc = await load('calc', { bufferedBytes: 1000 })
    const services = fakeServices()
    const echo = (size: number) => calc.run(guestCall(calc, 'echo-bytes', [new Uint8Array(size)]), services)
    assert.equal(((await echo(1000)) as Uint8Array).length, 1000)
    await assert.rejects(echo(1001), { code: 'exhausted', limit: 'buffered', message: /1001 bytes.*1000/ })
    assert.deepEqual(services.limits, ['buffered'])
  })

  test('by a request body that says its length refuses it before the guest runs', async () => {
    const component = await load('http-hello-p2', { requestBytes: 100 })
    const services = fakeServices()
    const headers = [['content-length', [Buffer.from('101')]]] as const
    const asked = fetchFrom(component, '/echo', { services, headers: headers as never, body: chunks(1, 101) })
    await assert.rejects(asked, { code: 'exhausted', limit: 'request-body' })
    assert.deepEqual(services.limits, ['request-body'])
  })

  test('by a request body on its way breaks it off', async () => {
    const component = await load('http-hello-p2', { requestBytes: 100_000 })
    const ok = await fetchFrom(component, '/echo', { method: 'post', body: chunks(10, 10_000) })
    assert.equal(ok.text.length, 100_000)
    await assert.rejects(fetchFrom(component, '/echo', { method: 'post', body: chunks(11, 10_000) }), {
      code: 'exhausted',
    })
  })

  test('by open handles is named', async () => {
    const component = await load('http-hello-p2', { handles: 2 })
    await assert.rejects(fetchFrom(component, '/'), { code: 'exhausted', limit: 'handles' })
  })

  test('by time is that of the manifest, also when no timer is so long', async () => {
    const component = await load('http-hello-p2', { timeMs: 30 * 86_400_000 })
    async function* slowly() {
      await delay(50)
      yield new Uint8Array(10)
    }
    const asked = fetchFrom(component, '/echo', {
      method: 'post',
      body: slowly(),
      withinMs: 60 * 86_400_000,
    })
    assert.equal((await asked).text.length, 10)
  })

  test('leaves a component that stays within untouched', async () => {
    const component = await load('http-hello-p2', { handles: 100, memoryBytes: 2_000_000, timeMs: 5_000 })
    assert.equal((await fetchFrom(component, '/')).text, 'hello\n')
  })
})

test('what a manifest asks for stays within what the host allows', () => {
  const host = {
    defaults: { memoryBytes: 100, timeMs: 50 },
    most: { memoryBytes: 200, timeMs: 60, queue: 5 },
  }
  assert.deepEqual(withinHost({}, host), { memoryBytes: 100, timeMs: 50, queue: 5 })
  assert.deepEqual(withinHost({ memoryBytes: 150, timeMs: 1000, handles: 7 }, host), {
    memoryBytes: 150,
    timeMs: 60,
    handles: 7,
    queue: 5,
  })
  const ceilings = { defaults: {}, most: { memoryBytes: 2 ** 20, timeMs: 1000, requestBytes: 10 } }
  assert.deepEqual(withinHost(undefined, ceilings), ceilings.most)
})
