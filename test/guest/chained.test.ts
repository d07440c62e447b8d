import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { headerValue } from '../../src/capability/http.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

async function* chunks(count: number) {
  for (let chunk = 0; chunk < count; chunk++) yield Buffer.from('warp and weft '.repeat(1000))
}

for (const [how, settings] of [
  ['in fresh instances', {}],
  ['in an instance that many share', { reuse: { invocations: 1000, concurrent: 20 } }],
] as const) {
  describe(`a WASI 0.3 middleware composed with a service, ${how}`, () => {
    let chained: GuestComponent
    before(async () => {
      chained = await guests.load('test/guests/chained-p3/chained-p3.wasm', { settings })
    })
    const ask = (path: string, options: Parameters<typeof fetchFrom>[2] = {}) =>
      fetchFrom(chained, path, options)

    test('passes requests on and marks what comes back', async () => {
      const { response, text } = await ask('/')
      assert.deepEqual([response.status, text], [200, 'hello\n'])
      assert.equal(headerValue(response.headers, 'x-through'), 'middleware')
      assert.equal((await ask('/nowhere')).response.status, 404)
    })

    test('answers itself, and hands on errors of the service', async () => {
      await assert.rejects(ask('/forbidden'), /HTTP-request-denied/)
      await assert.rejects(ask('/error'), /internal-error/)
    })

    test('waits while the service waits, many side by side', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/wait')))
      assert.ok(answers.every(({ text }) => text === 'waited\n'))
    })

    test('hands streams through both components, unread, copied and changed', async () => {
      const whole = 'warp and weft '.repeat(10_000)
      assert.equal((await ask('/pass', { method: 'post', body: chunks(10) })).text, whole)
      assert.equal((await ask('/echo', { method: 'post', body: chunks(10) })).text, whole)
      assert.equal((await ask('/echo', { method: 'put', body: chunks(10) })).text, whole.toUpperCase())
    })

    test('keeps the streams of requests that run side by side apart', async () => {
      const echoed = await Promise.all(
        Array.from({ length: 10 }, (_, count) => ask('/echo', { method: 'put', body: chunks(count) })),
      )
      assert.deepEqual(
        echoed.map(({ text }) => text.length),
        Array.from({ length: 10 }, (_, count) => count * 14_000),
      )
    })

    test('traps as a whole, and serves on', async () => {
      const services = fakeServices()
      await assert.rejects(ask('/trap', { services }), { code: 'trapped' })
      assert.equal((await ask('/')).text, 'hello\n')
    })
  })
}
