import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { requestFromIncoming } from '../../../providers/http-server/request-from-incoming.ts'
import { RequestTarget } from '../../../src/telemetry/http-attributes.ts'

async function received(headers: Record<string, string>, t: { after(end: () => void): void }) {
  const { promise, resolve } = Promise.withResolvers<IncomingMessage>()
  const server = createServer((incoming, response) => {
    resolve(incoming)
    response.end()
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sent = request({ port, path: '/a?b=c', headers }).end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  return requestFromIncoming(await promise)
}

test('the span of a request names its client, whose headers nobody has put together', async (t) => {
  const { attributes } = new RequestTarget(await received({ 'user-agent': 'curl/8' }, t)).fields
  assert.deepEqual(attributes, { 'url.path': '/a', 'url.query': 'b=c', 'user_agent.original': 'curl/8' })
  const bytes = Buffer.from('Füchslein/1').toString('latin1')
  const odd = new RequestTarget(await received({ 'user-agent': bytes }, t)).fields.attributes
  assert.equal(odd['user_agent.original'], 'Füchslein/1')
  const none = new RequestTarget(await received({}, t)).fields.attributes
  assert.deepEqual(Object.keys(none), ['url.path', 'url.query'])
})
