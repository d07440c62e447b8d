import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ComponentLimits } from '../../src/component-settings.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

const load = (limits: ComponentLimits) =>
  guests.load('test/guests/tables-c/tables-c.wasm', { settings: { limits } })

describe('the limit of table elements', () => {
  test('lets a table grow within it, also on the next invocation', async () => {
    const component = await load({ tableElements: 1000 })
    for (let time = 0; time < 3; time++)
      assert.equal(await component.run(guestCall(component, 'grow', [900]), fakeServices()), 0)
  })

  test('makes growth beyond it fail inside the guest', async () => {
    const component = await load({ tableElements: 1000 })
    const services = fakeServices()
    assert.equal(await component.run(guestCall(component, 'grow', [1000]), services), -1)
    assert.deepEqual(services.limits, ['tables'], 'it is told, although the guest went on')
    assert.equal(services.offences, 0)
  })

  test('is what a guest that traps on it has hit', async () => {
    const component = await load({ tableElements: 1000 })
    const services = fakeServices()
    await assert.rejects(component.run(guestCall(component, 'must-grow', [1000]), services), {
      code: 'exhausted',
      limit: 'tables',
      message: /reached its tables limit and trapped/,
    })
    assert.deepEqual(services.limits, ['tables'])
  })

  test("is not what was hit when the table's own type forbids it", async () => {
    const component = await load({ tableElements: 20 })
    const services = fakeServices()
    const small = (by: number) => component.run(guestCall(component, 'grow-small', [by]), services)
    assert.equal(await small(9), 1)
    assert.equal(await small(10), -1)
    assert.deepEqual(services.limits, [])
  })

  test('holds for the tables that a component begins with', async () => {
    const component = await load({ tableElements: 0 })
    const services = fakeServices()
    await assert.rejects(component.run(guestCall(component, 'grow', [0]), services), {
      code: 'exhausted',
      limit: 'tables',
      message: /tables begin with 2 elements, its limit is 0/,
    })
    assert.deepEqual(services.limits, ['tables'])
  })
})
