import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Call } from '../../src/call/call.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
let user: GuestComponent
let maker: GuestComponent
let auditor: GuestComponent
before(async () => {
  guests = await openGuests()
  user = await guests.load('test/guests/stock-composed/stock-user/stock-user.wasm')
  maker = await guests.load('test/guests/stock-composed/stock-maker/stock-maker.wasm')
  auditor = await guests.load('test/guests/stock-composed/stock-auditor/stock-auditor.wasm')
})
after(() => guests.close())

/** The user on a host where `weft-test:stock/stock` leads to the maker, and `audit` to the auditor. */
async function ask(name: string, ...args: unknown[]): Promise<unknown> {
  const invoke = async (call: Call) => {
    calls.push(call.operation.function.name)
    const target = call.operation.interface.includes('/audit@') ? auditor : maker
    return target.run(call, fakeServices())
  }
  const services = {
    ...fakeServices({ invoke }),
    linkTarget: (_: string, key: string) => (key.endsWith('/audit') ? 'auditor' : 'maker'),
  }
  return user.run(guestCall(user, name, args), services)
}
const calls: string[] = []

describe('resources of a component that is linked at run time', () => {
  test('are made, lent and dropped there, in one instance of it', async () => {
    assert.deepEqual(await ask('sum', [1, 2, 4_000_000_000]), [4_000_000_003n, 3, 0])
  })

  test('have methods and static functions, whose errors are values', async () => {
    calls.length = 0
    assert.deepEqual(await ask('take', 5, 2), { tag: 'ok', val: 3 })
    assert.deepEqual(calls, ['[constructor]item', '[method]item.take'])
    assert.deepEqual(await ask('take', 5, 6), { tag: 'err', val: 'only 5 of nails' })
    assert.deepEqual(await ask('merge', ['a', 1], ['b', 2]), ['a+b', 3, 1])
  })

  test('are given away and come back, in lists and options', async () => {
    assert.deepEqual(await ask('pick', ['a', 'b', 'c'], 'b'), ['b', 0])
    assert.deepEqual(await ask('pick', ['a'], 'z'), [undefined, 0])
  })

  test('are of one invocation each: none sees those of another', async () => {
    const counts = Array.from({ length: 10 }, (_, count) => ask('sum', new Array(count).fill(1)))
    assert.deepEqual(
      await Promise.all(counts),
      Array.from({ length: 10 }, (_, count) => [BigInt(count), count, 0]),
    )
    assert.ok(maker.ready >= 1, 'the instances that held them are given back')
  })

  test('a trap there fails the call and nothing else', async () => {
    await assert.rejects(ask('trap'), { code: 'trapped', message: /stock@0\.1\.0\.check/ })
    assert.deepEqual(await ask('sum', [1]), [1n, 1, 0])
  })

  test('do not go to a third component, which is told', async () => {
    await assert.rejects(ask('audit', [1]), {
      code: 'invalid',
      message:
        /audit@0\.1\.0\.count of component auditor can't be given this resource: it was made by component maker/,
    })
  })
})
