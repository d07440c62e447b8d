import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
let stock: GuestComponent
before(async () => {
  guests = await openGuests()
  stock = await guests.load('test/guests/stock-composed/stock-composed.wasm')
})
after(() => guests.close())

const ask = (name: string, ...args: unknown[]) => stock.run(guestCall(stock, name, args), fakeServices())

describe('a component composed of one in C++, one in C and one in Rust', () => {
  test('shows only what its outermost component exports', () => {
    assert.deepEqual(
      stock.serves.map(({ id }) => id),
      ['weft-test:stock/desk@0.1.0'],
    )
  })

  test('lends resources of one component to another, and drops them where they were made', async () => {
    assert.deepEqual(await ask('sum', [1, 2, 4_000_000_000]), [4_000_000_003n, 3, 0])
  })

  test('calls methods of resources, whose errors are values', async () => {
    assert.deepEqual(await ask('take', 5, 2), { tag: 'ok', val: 3 })
    assert.deepEqual(await ask('take', 5, 6), { tag: 'err', val: 'only 5 of nails' })
  })

  test('gives resources away and gets them back', async () => {
    assert.deepEqual(await ask('merge', ['a', 1], ['b', 2]), ['a+b', 3, 1])
    assert.deepEqual(await ask('pick', ['a', 'b', 'c'], 'b'), ['b', 0])
    assert.deepEqual(await ask('pick', ['a'], 'z'), [undefined, 0])
  })

  test('passes on what is borrowed to a third component', async () => {
    assert.deepEqual(await ask('audit', [1, 2, 3]), [6n, 0])
  })

  test('runs many invocations side by side', async () => {
    const sums = Array.from({ length: 20 }, (_, count) => ask('sum', [count, count]))
    assert.deepEqual(
      await Promise.all(sums),
      Array.from({ length: 20 }, (_, count) => [BigInt(2 * count), 2, 0]),
    )
  })

  test('traps with the place in the component that trapped, and who called it', async () => {
    const services = fakeServices()
    await assert.rejects(stock.run(guestCall(stock, 'trap', []), services), { code: 'trapped' })
    const stack = String(services.lines.find(({ level }) => level === 'error')?.attributes['stack'])
    assert.match(stack, /^at count_below_zero[\s\S]*\ncalled by weft-test:stock\/desk@0\.1\.0#trap$/)
  })

  test('may not use what it gave away', async () => {
    await assert.rejects(ask('use-after-give'), {
      code: 'trapped',
      message: /handle 1, which it does not hold/,
    })
  })

  test('may not keep what it borrowed', async () => {
    await assert.rejects(ask('keep'), {
      code: 'trapped',
      message: /returned while it held 1 handles that it only borrowed/,
    })
  })

  test('holds the open handles of all its components within the limit of each', async () => {
    const settings = { limits: { handles: 10 } }
    const limited = await guests.load('test/guests/stock-composed/stock-composed.wasm', { settings })
    const sum = (items: number) =>
      limited.run(guestCall(limited, 'sum', [new Array(items).fill(1)]), fakeServices())
    assert.deepEqual(await sum(9), [9n, 9, 0])
    await assert.rejects(sum(11), { code: 'exhausted', limit: 'handles' })
  })
})
