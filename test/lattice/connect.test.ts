import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { connectNats, isOlderThanSupported, subscribeGuarded } from '../../src/lattice/connect.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

let nats: NatsServer
before(async () => {
  nats = await startNats()
})
after(() => nats.stop())

const silent = createLog(() => undefined)

test('a connection is made and says its name', async () => {
  const connection = await connectNats({ url: nats.url, name: 'a test' })
  assert.equal(connection.info?.jetstream, true)
  await connection.close()
})

test('nobody listening is an error that names the url and what starts a lattice', async () => {
  await assert.rejects(connectNats({ url: 'nats://127.0.0.1:1', name: 'test' }), {
    code: 'unavailable',
    message: /no NATS server listens at nats:\/\/127\.0\.0\.1:1\. .*`weft up`/,
  })
})

test('a url that is none is refused without showing its password', async () => {
  await assert.rejects(connectNats({ url: 'http://me:secret@host', name: 'test' }), (error: Error) => {
    assert.match(error.message, /expected nats:\/\/host:port/)
    assert.doesNotMatch(error.message, /secret/)
    return true
  })
})

test('a refused login says so, and a right one in the url is used', async () => {
  const guarded = await startNats(['--user', 'me', '--pass', 'p@ss'])
  try {
    await assert.rejects(connectNats({ url: guarded.url, name: 'test' }), {
      code: 'denied',
      message: /refused the login/,
    })
    const url = guarded.url.replace('nats://', 'nats://me:p%40ss@')
    await (await connectNats({ url, name: 'test' })).close()
  } finally {
    await guarded.stop()
  }
})

test('a missing credentials file is named', async () => {
  await assert.rejects(connectNats({ url: nats.url, name: 'test', login: { creds: '/nowhere/x.creds' } }), {
    code: 'invalid',
    message: 'cannot read the NATS credentials /nowhere/x.creds',
  })
})

test('a server without JetStream is refused unless it is not needed', async () => {
  const plain = await greetingServer({ version: '2.14.0', jetstream: false })
  try {
    await assert.rejects(connectNats({ url: plain.url, name: 'test' }), {
      code: 'unavailable',
      message: /runs without JetStream.*start it with -js/,
    })
    await (await connectNats({ url: plain.url, name: 'test', jetstream: false })).close()
  } finally {
    plain.close()
  }
})

test('a server older than 2.10 is refused with the reason', async () => {
  const old = await greetingServer({ version: '2.9.10', jetstream: true })
  try {
    await assert.rejects(connectNats({ url: old.url, name: 'test' }), {
      code: 'unavailable',
      message: /NATS server 2\.9\.10 at .* is older than 2\.10, which silently ignores TTLs/,
    })
  } finally {
    old.close()
  }
  assert.deepEqual(['2.9.25', '1.4.1', 'v2.10.0', '2.14.0', '3.0.0'].map(isOlderThanSupported), [
    true,
    true,
    false,
    false,
    false,
  ])
})

test('a throwing callback, at once or later, is a log line and the connection lives on', async () => {
  const lines: LogRecord[] = []
  const log = createLog((line) => lines.push(line))
  const connection = await connectNats({ url: nats.url, name: 'test' })
  subscribeGuarded(connection, 'bad.now', {
    log,
    onMessage: () => {
      throw new Error('at once')
    },
  })
  subscribeGuarded(connection, 'bad.later', { log, onMessage: () => Promise.reject(new Error('later')) })
  subscribeGuarded(connection, 'good', { log, onMessage: (message) => void message.respond('fine') })
  connection.publish('bad.now')
  connection.publish('bad.later')
  assert.equal((await connection.request('good')).string(), 'fine')
  assert.deepEqual(
    lines.map((line) => [line.level, line.attributes['subject'], line.attributes['error']]),
    [
      ['error', 'bad.now', 'at once'],
      ['error', 'bad.later', 'later'],
    ],
  )
  await connection.close()
})

test('a flood of bad messages is no flood of log lines', async () => {
  const lines: LogRecord[] = []
  const connection = await connectNats({ url: nats.url, name: 'test' })
  let handled = 0
  subscribeGuarded(connection, 'flood', {
    log: createLog((line) => lines.push(line)),
    onMessage: () => {
      handled += 1
      throw new Error('bad')
    },
  })
  for (let count = 0; count < 200; count++) connection.publish('flood')
  await until(() => handled === 200)
  assert.ok(lines.length >= 5 && lines.length <= 10, String(lines.length))
  await connection.close()
})

test('a lost connection is restored, both turns are told, and it is counted', async () => {
  const port = await freePort()
  const first = await startNats(['-p', String(port)])
  const told: string[] = []
  const back = Promise.withResolvers<void>()
  const log = createLog((line) => {
    told.push(line.message)
  })
  let reconnects = 0
  const onReconnect = () => {
    reconnects += 1
    back.resolve()
  }
  const connection = await connectNats({ url: first.url, name: 'test', log, onReconnect })
  subscribeGuarded(connection, 'echo', {
    log: silent,
    onMessage: (message) => void message.respond('still here'),
  })
  await first.stop()
  const second = await startNats(['-p', String(port)])
  try {
    await back.promise
    assert.equal(reconnects, 1)
    assert.deepEqual(told, ['NATS connection lost; reconnecting', 'NATS connection is back'])
    assert.equal((await connection.request('echo')).string(), 'still here')
  } finally {
    await connection.close()
    await second.stop()
  }
})

/** What an old or plain server says when a client connects; real ones of that age are not at hand. */
async function greetingServer(info: { version: string; jetstream: boolean }) {
  const server = createServer((socket) => {
    const greeting = { server_id: 'X', max_payload: 1_048_576, headers: true, proto: 1, ...info }
    socket.write(`INFO ${JSON.stringify(greeting)}\r\n`)
    socket.on('data', (chunk) => {
      if (chunk.toString().includes('PING')) socket.write('PONG\r\n')
    })
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { url: `nats://127.0.0.1:${port}`, close: () => server.close() }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  probe.listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  const port = typeof address === 'object' && address ? address.port : 0
  probe.close()
  await once(probe, 'close')
  return port
}
