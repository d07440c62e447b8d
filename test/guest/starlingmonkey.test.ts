import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, largeGuest, openGuests } from '../support/guest.ts'

const { path, skip } = largeGuest('observed-js')

describe('a component in JavaScript on StarlingMonkey, with fetch events', { skip }, () => {
  let guests: Awaited<ReturnType<typeof openGuests>>
  let component: GuestComponent
  before(async () => {
    guests = await openGuests()
    component = await guests.load(path)
  })
  after(() => guests.close())

  test('is reset and kept after a request, for all its 14 MB', async () => {
    assert.equal((await fetchFrom(component, '/')).text, 'hello from StarlingMonkey\n')
    assert.equal(component.ready, 1)
  })

  test('streams bodies in and out', async () => {
    async function* body() {
      for (let chunk = 0; chunk < 10; chunk++) yield Buffer.from(`${chunk}`.repeat(10_000))
    }
    const { text } = await fetchFrom(component, '/echo', { method: 'post', body: body() })
    assert.equal(text.length, 100_000)
    assert.ok(text.endsWith('9'.repeat(10_000)))
  })

  test('waits on its timers, many side by side', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => fetchFrom(component, '/wait')))
    assert.ok(answers.every(({ response }) => response.status === 200))
  })

  test('breaks its body off when an error escapes it, and logs where', async () => {
    const services = fakeServices()
    await assert.rejects(fetchFrom(component, '/trap', { services }), { code: 'trapped' })
    const said = services.lines.map(({ message }) => message).join('\n')
    assert.match(said, /nothing is here[\s\S]*answer@observed-js\.js/)
    assert.equal((await fetchFrom(component, '/')).response.status, 200)
  })
})
