import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createLog, type LogRecord } from '../../src/log.ts'
import { ExportQueue } from '../../src/telemetry/export-queue.ts'
import { OtlpSender } from '../../src/telemetry/otlp-sender.ts'
import { type OtlpEndpoint, otlpTarget } from '../../src/telemetry/otlp-target.ts'

const body = Buffer.from('a request')

/** A collector that does what `answer` says. */
async function collector(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
  const endpoint = (more: Partial<OtlpEndpoint> = {}): OtlpEndpoint => ({
    url,
    protocol: 'http/protobuf',
    timeoutMs: 10_000,
    headers: {},
    gzip: false,
    tls: {},
    ...more,
  })
  return {
    sender: (more?: Partial<OtlpEndpoint>) => new OtlpSender(endpoint(more)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('headers and compression are as the endpoint says, and the connection is kept', async () => {
  const seen: { headers: IncomingMessage['headers']; body: string; port: number | undefined }[] = []
  await using one = await collector((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const port = request.socket.remotePort
      seen.push({ headers: request.headers, body: gunzipSync(Buffer.concat(chunks)).toString(), port })
      response.end()
    })
  })
  const sender = one.sender({ headers: { authorization: 'Basic x' }, gzip: true, protocol: 'http/json' })
  assert.deepEqual(await sender.send(body), { rejected: 0, message: '' })
  await sender.send(body)
  sender.stop()
  assert.partialDeepStrictEqual(seen[0]?.headers, {
    authorization: 'Basic x',
    'content-encoding': 'gzip',
    'content-type': 'application/json',
  })
  assert.match(seen[0]?.headers['user-agent'] ?? '', /^Weft-OTLP-Exporter\//)
  assert.equal(seen[0]?.body, 'a request')
  assert.equal(seen[0]?.port, seen[1]?.port)
})

test('what the collector asks to send again is sent again, when it says', async () => {
  const answers: [number, Record<string, string>][] = [
    [503, { 'retry-after': '0' }],
    [429, { 'retry-after': '0' }],
    [200, {}],
  ]
  let asked = 0
  await using one = await collector((_, response) => {
    const [status, headers] = answers[asked] ?? [500, {}]
    asked += 1
    response.writeHead(status, headers).end()
  })
  const sender = one.sender()
  await sender.send(body)
  sender.stop()
  assert.equal(asked, 3)
})

test('what the collector will never take is not sent again', async () => {
  let asked = 0
  await using one = await collector((_, response) => {
    asked += 1
    response.writeHead(400).end('no')
  })
  const sender = one.sender()
  await assert.rejects(sender.send(body), {
    code: 'invalid',
    message: 'the collector answered 400 Bad Request',
  })
  sender.stop()
  assert.equal(asked, 1)
})

test('a collector that never answers, or only half, costs the timeout', async () => {
  for (const answer of [
    () => undefined,
    (_: IncomingMessage, response: ServerResponse) => void response.writeHead(200).write('half'),
  ]) {
    await using one = await collector(answer)
    const sender = one.sender({ timeoutMs: 150 })
    const start = performance.now()
    await assert.rejects(sender.send(body), { code: 'deadline' })
    assert.ok(performance.now() - start < 5000)
    sender.stop()
  }
})

test('a collector that hangs up is tried again until the time is over', async () => {
  await using one = await collector((request) => void request.socket.destroy())
  const sender = one.sender({ timeoutMs: 300 })
  await assert.rejects(sender.send(body), { code: 'unavailable' })
  sender.stop()
})

test('stopping gives up what is on its way', async () => {
  await using one = await collector(() => undefined)
  const sender = one.sender()
  const sent = sender.send(body)
  setTimeout(() => sender.stop(), 50)
  await assert.rejects(sent, { code: 'deadline' })
})

test('what was taken only in part is said, in protobuf and in JSON', async () => {
  const text = Buffer.from('too old')
  const partial = Buffer.concat([Buffer.from([0x08, 5, 0x12, text.length]), text])
  const protobuf = Buffer.concat([Buffer.from([0x0a, partial.length]), partial])
  const json = JSON.stringify({ partialSuccess: { rejectedSpans: '5', errorMessage: 'too old' } })
  await using one = await collector((request, response) => {
    response.end(request.headers['content-type'] === 'application/json' ? json : protobuf)
  })
  for (const protocol of ['http/protobuf', 'http/json'] as const) {
    const sender = one.sender({ protocol })
    assert.deepEqual(await sender.send(body), { rejected: 5, message: 'too old' })
    sender.stop()
  }
})

test('an answer that can not be read is an answer all the same, and a huge one is not kept', async () => {
  const answers = [Buffer.from([0xff, 0xff]), Buffer.alloc(10 * 1024 * 1024, 0x0a)]
  await using one = await collector((_, response) => void response.end(answers.shift()))
  const sender = one.sender()
  for (const _ of [1, 2]) assert.deepEqual(await sender.send(body), { rejected: 0, message: '' })
  sender.stop()
})

test('everything lost is counted by its reason, and told once', async () => {
  const dropped = new Map<string, number>()
  const lines: LogRecord[] = []
  let behaviour: (response: ServerResponse) => void = (response) => void response.writeHead(413).end()
  await using one = await collector((request, response) => {
    request.resume()
    request.on('end', () => behaviour(response))
  })
  const sender = one.sender({ timeoutMs: 200 })
  const queue = new ExportQueue<number>({
    label: 'traces to it',
    log: createLog((record) => lines.push(record)),
    send: () => sender.send(body),
    onDropped: (count, reason) => dropped.set(reason, (dropped.get(reason) ?? 0) + count),
    weigh: (item) => item,
    batchSize: 10,
    maxWaiting: 30,
  })
  queue.push([10])
  await queue.flush(5000)
  behaviour = () => {}
  queue.push([10, 10, 10, 10])
  await queue.flush(5000)
  behaviour = (response) => void response.end(Buffer.from([0x0a, 2, 0x08, 1]))
  queue.push([5, 5])
  await queue.flush(5000)
  sender.stop()
  assert.deepEqual(Object.fromEntries(dropped), { rejected: 10, 'queue-full': 10, failed: 30, partial: 1 })
  assert.equal(queue.dropped, 51)
  assert.deepEqual(
    lines.map(({ level, message }) => `${level} ${message}`),
    [
      "warn can't export traces to it; trying on, what does not fit in memory is lost",
      'info exporting traces to it again',
      'warn the collector did not take all traces to it',
    ],
  )
})

test('a collector behind TLS is checked, and shown a certificate, by the files that the variables name', async () => {
  const file = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url))
  const pem = (name: string) => readFileSync(file(name))
  const seen: string[] = []
  const server = createSecureServer(
    {
      cert: pem('server'),
      key: pem('server-key'),
      ca: pem('authority'),
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      seen.push(request.url ?? '')
      request.resume().on('end', () => response.end())
    },
  )
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const send = async (env: Record<string, string>) => {
    const target = otlpTarget(
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: `https://127.0.0.1:${port}`,
        OTEL_EXPORTER_OTLP_TIMEOUT: '300',
        ...env,
      },
      'traces',
    )
    if (target.state === 'off') throw new Error(target.reason)
    const sender = new OtlpSender(target)
    await sender.send(body).finally(() => sender.stop())
  }
  const authority = { OTEL_EXPORTER_OTLP_CERTIFICATE: file('authority') }
  const own = {
    OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('server'),
    OTEL_EXPORTER_OTLP_CLIENT_KEY: file('server-key'),
  }
  try {
    await send({ ...authority, ...own, OTEL_EXPORTER_OTLP_TIMEOUT: '10000' })
    assert.deepEqual(seen, ['/v1/traces'])
    await assert.rejects(send(own), { code: 'unavailable', message: /certificate/ })
    await assert.rejects(send(authority), { code: 'unavailable' })
    assert.equal(seen.length, 1)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
