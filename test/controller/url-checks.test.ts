import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { UrlChecks } from '../../src/controller/url-checks.ts'
import { until } from '../support/until.ts'

/** A server that answers with these status codes in turn, the last one for ever. */
async function answering(...codes: number[]): Promise<{ url: string; asked: () => number; close(): void }> {
  let asked = 0
  const server = createServer((_, response) => {
    response.writeHead(codes[Math.min(asked, codes.length - 1)] ?? 500).end()
    asked += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, asked: () => asked, close: () => server.close() }
}

async function answerOf(checks: UrlChecks, url: string, since = 0): Promise<string> {
  checks.ask(url, since)
  return until(
    () => (checks.answer(url, since) === undefined ? undefined : { text: checks.answer(url, since) }),
    {
      timeoutMs: 20_000,
    },
  ).then(({ text }) => text ?? '')
}

test('2xx is well, and is asked once for each occasion', async () => {
  const server = await answering(200)
  let news = 0
  const checks = new UrlChecks(() => {
    news += 1
  })
  assert.equal(await answerOf(checks, server.url), '')
  assert.equal(await answerOf(checks, server.url), '')
  assert.deepEqual([server.asked(), news], [1, 1])
  assert.equal(await answerOf(checks, server.url, 5), '')
  assert.equal(server.asked(), 2)
  server.close()
})

test('a bad answer is asked for again before it counts', async () => {
  const server = await answering(503, 200)
  assert.equal(await answerOf(new UrlChecks(() => {}), server.url), '')
  assert.equal(server.asked(), 2)
  server.close()
})

test('three bad answers are a complaint with the code, and nobody there is one with the reason', async () => {
  const server = await answering(500)
  assert.equal(await answerOf(new UrlChecks(() => {}), server.url), `the check ${server.url} answered 500`)
  assert.equal(server.asked(), 3)
  server.close()
  const { url } = server
  assert.match(await answerOf(new UrlChecks(() => {}), url, 9), /got no answer: .*ECONNREFUSED/)
})
