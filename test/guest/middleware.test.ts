import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Call } from '../../src/call/call.ts'
import { headerValue } from '../../src/capability/http.ts'
import { WeftError } from '../../src/errors.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
let middleware: GuestComponent
before(async () => {
  guests = await openGuests()
  middleware = await guests.load('test/guests/chained-p3/middleware-p3/middleware-p3.wasm')
})
after(() => guests.close())

async function* chunks(count: number) {
  for (let chunk = 0; chunk < count; chunk++) yield Buffer.from('warp and weft '.repeat(1000))
}

for (const name of ['http-hello-p2', 'http-hello-p3']) {
  describe(`a WASI 0.3 middleware whose link leads to ${name}`, () => {
    let service: GuestComponent
    before(async () => {
      service = await guests.load(`test/guests/${name}/${name}.wasm`)
    })
    const ask = (path: string, options: Parameters<typeof fetchFrom>[2] = {}) => {
      const invoke = (call: Call) => service.run(call, fakeServices())
      return fetchFrom(middleware, path, { services: fakeServices({ invoke }), ...options })
    }

    test('passes requests on and marks what comes back', async () => {
      const { response, text } = await ask('/')
      assert.deepEqual([response.status, text], [200, 'hello\n'])
      assert.equal(headerValue(response.headers, 'x-through'), 'middleware')
      await assert.rejects(ask('/forbidden'), /HTTP-request-denied/)
    })

    test('streams bodies both ways, and changes them', async () => {
      const whole = 'warp and weft '.repeat(10_000)
      assert.equal((await ask('/echo', { method: 'post', body: chunks(10) })).text, whole)
      const loud = await ask('/', { method: 'put' })
      assert.match(loud.text, /^(HELLO|NOT FOUND)\n$/)
    })
  })
}

test('a next handler that can not be reached is an error value in the middleware', async () => {
  const invoke = () => Promise.reject(new WeftError('unavailable', 'nobody is there'))
  await assert.rejects(fetchFrom(middleware, '/', { services: fakeServices({ invoke }) }), /internal-error/)
})
