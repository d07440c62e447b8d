import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Call } from '../../src/call/call.ts'
import { headerValue } from '../../src/capability/http.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'

for (const next of ['http-hello-p3', 'http-hello-p2']) {
  describe(`a WASI 0.3 middleware linked to ${next}`, { timeout: 60_000 }, () => {
    let guests: Awaited<ReturnType<typeof openGuests>>
    let middleware: GuestComponent
    let service: GuestComponent
    const calls: Call[] = []
    before(async () => {
      guests = await openGuests()
      middleware = await guests.load('test/guests/chained-p3/middleware-p3/middleware-p3.wasm')
      service = await guests.load(`test/guests/${next}/${next}.wasm`)
    })
    after(() => guests.close())

    const ask = (path: string, options: Parameters<typeof fetchFrom>[2] = {}) => {
      const invoke = (call: Call) => {
        calls.push(call)
        return service.run(call, fakeServices())
      }
      return fetchFrom(middleware, path, { ...options, services: fakeServices({ invoke }) })
    }

    test('hands requests on over its link, and answers with what comes back', async () => {
      const { response, text } = await ask('/')
      assert.equal(response.status, 200)
      assert.match(text, /hello/)
      assert.equal(headerValue(response.headers, 'x-through'), 'middleware')
      assert.equal((await ask('/nowhere')).response.status, 404)
      assert.match(calls[0]?.operation.interface ?? '', /^wrpc:http\/incoming-handler@/)
    })

    test('streams bodies through, changed on their way', async () => {
      const body = async function* () {
        for (let count = 0; count < 20; count++) yield Buffer.from('warp and weft '.repeat(1000))
      }
      const { text } = await ask('/echo', { method: 'put', body: body() })
      const whole = 'warp and weft '.repeat(20_000)
      assert.ok(text === whole || text === whole.toUpperCase())
      assert.equal(text.length, whole.length)
    })

    test('is told when it has no link', async () => {
      const services = fakeServices({ linked: false })
      await assert.rejects(fetchFrom(middleware, '/', { services }), /internal-error/)
    })
  })
}
