import assert from 'node:assert/strict'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, test } from 'node:test'
import httpServer from '../../../providers/http-server.ts'
import { type Call, chain } from '../../../src/call/call.ts'
import { limitTime } from '../../../src/call/limit-time.ts'
import type { ComponentLimits } from '../../../src/component-settings.ts'
import type { Provider } from '../../../src/provider.ts'
import { fakeServices, openGuests } from '../../support/guest.ts'
import { providerContext } from '../../support/provider-context.ts'
import { freePort } from '../../support/weft.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
let running: Provider | undefined
before(async () => {
  guests = await openGuests()
})
afterEach(() => running?.stop())
after(() => guests.close())

/** A guest behind the HTTP server; `entered` has each request's end. */
async function serve(name: string, limits: ComponentLimits = {}) {
  const guest = await guests.load(`test/guests/${name}/${name}.wasm`, { settings: { limits } })
  const port = await freePort()
  const entered: Promise<unknown>[] = []
  const invoke = chain([limitTime()], (call: Call) => guest.run(call, fakeServices()))
  const context = providerContext({
    id: 'http',
    invoke,
    enter: (call, next) => {
      const ended = chain([limitTime()], next)(call)
      entered.push(ended)
      return ended
    },
  })
  running = await httpServer.start(context)
  await running.putLink({
    source: 'http',
    target: 'guest',
    name: 'default',
    namespace: 'wasi',
    package: 'http',
    interfaces: ['incoming-handler'],
    sourceConfig: { address: `127.0.0.1:${port}` },
    targetConfig: {},
  })
  return { port, entered }
}

test('a guest whose requests are limited in size sees the headers of one with a body', async () => {
  const { port } = await serve('http-hello-p2', { requestBytes: 100 })
  const asked = request({ port, path: '/headers', headers: { 'x-sent': 'yes', 'content-length': 5 } })
  const answered = new Promise((resolve, reject) => {
    asked.on('response', (answer) => resolve(text(answer)))
    asked.on('error', reject)
  })
  asked.end('small')
  assert.equal(await answered, 'x-sent: yes\n')
})

for (const name of ['http-hello-p2', 'http-hello-p3']) {
  test(`${name}, limited in size of requests, gets body and trailers`, async () => {
    const { port } = await serve(name, { requestBytes: 100 })
    const asked = request({
      port,
      method: 'POST',
      path: '/echo',
      headers: { 'transfer-encoding': 'chunked', trailer: 'x-sent' },
    })
    const answered = new Promise<unknown>((resolve, reject) => {
      asked.on('response', async (answer) =>
        resolve([answer.statusCode, await text(answer), answer.trailers]),
      )
      asked.on('error', reject)
    })
    asked.write('small')
    asked.addTrailers({ 'x-sent': 'yes' })
    asked.end()
    assert.deepEqual(await answered, [200, 'small', { 'x-sent': 'yes' }])
  })
}
