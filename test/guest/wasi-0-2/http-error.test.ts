import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { WeftError } from '../../../src/errors.ts'
import { httpErrorFrom } from '../../../src/guest/wasi-0-2/http-error.ts'

test('what goes wrong in the host is a case of error-code, internal-error where none fits', () => {
  assert.deepEqual(httpErrorFrom(new WeftError('denied', 'no')), { tag: 'HTTP-request-denied' })
  assert.deepEqual(httpErrorFrom(new WeftError('trapped', 'it trapped')), {
    tag: 'internal-error',
    val: 'it trapped',
  })
  assert.deepEqual(httpErrorFrom(new DOMException('late', 'TimeoutError')), { tag: 'HTTP-response-timeout' })
  assert.deepEqual(httpErrorFrom('odd'), { tag: 'internal-error', val: 'odd' })
})

test('a body whose connection breaks off is connection-terminated', async () => {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-length': 10 })
    response.write('half')
    setImmediate(() => response.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const [answer] = (await once(get({ port }), 'response')) as [IncomingMessage]
  const failure = await answer.toArray().catch((error: unknown) => error)
  server.close()
  assert.deepEqual(httpErrorFrom(failure), { tag: 'connection-terminated' })
})
