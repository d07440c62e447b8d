import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

describe('a component in AssemblyScript, whose strings are UTF-16', () => {
  let words: GuestComponent
  before(async () => {
    words = await guests.load('test/guests/words-as/words-as.wasm')
  })
  const ask = (name: string, ...args: unknown[]) => words.run(guestCall(words, name, args), fakeServices())

  test('takes and gives strings', async () => {
    assert.equal(await ask('reverse', 'warp weft'), 'praw tfew')
    assert.equal(await ask('reverse', ''), '')
    assert.equal(await ask('longest', 'Kette und Schuß, 織物'), 'Schuß,')
  })

  test('takes a list of strings', async () => {
    assert.equal(await ask('count', ['a', '', ' ', '😀']), 2)
  })

  test('traps with the names of its functions', async () => {
    const services = fakeServices()
    await assert.rejects(words.run(guestCall(words, 'longest', ['']), services), { code: 'trapped' })
    const stack = String(services.lines.find(({ level }) => level === 'error')?.attributes['stack'])
    assert.match(stack, /words-as\/longest/)
  })
})
