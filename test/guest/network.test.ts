import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { NetworkSettings } from '../../src/component-settings.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
let command: GuestComponent
let echo: Server
let port: number
const open = new Set<Socket>()

before(async () => {
  guests = await openGuests()
  command = await guests.load('test/guests/net-p2/net-p2.wasm')
  echo = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket)).on('error', () => {})
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  port = (echo.address() as AddressInfo).port
})
after(async () => {
  await guests.close()
  echo.close()
})

async function run(deeds: string, network?: NetworkSettings, signal?: AbortSignal) {
  await command.configure({ cli: { args: deeds.split(' ') }, ...(network && { network }) })
  const services = fakeServices()
  const running = command.run(guestCall(command, 'run', [], signal), services)
  const own = () => services.lines.filter(({ attributes }) => attributes['stream'] !== undefined)
  const lines = () => own().map(({ message }) => message.trimEnd())
  return { running, lines }
}

async function linesOf(deeds: string, network?: NetworkSettings): Promise<string[]> {
  const { running, lines } = await run(deeds, network)
  assert.deepEqual(await running, { tag: 'ok' })
  return lines()
}

describe('a guest without a grant', { timeout: 60_000 }, () => {
  test('reaches nothing and resolves nothing', async () => {
    assert.deepEqual(
      await linesOf(
        `tcp 127.0.0.1 ${port} hi ; tcp ::1 ${port} hi ; resolve localhost ; resolve 127.0.0.1 ; ` +
          `udp 127.0.0.1 ${port} x ; echo-once 127.0.0.1 0 ; echo-once 0.0.0.0 0 ; udp-bind 127.0.0.1 0`,
      ),
      [
        'err access-denied',
        'err access-denied',
        'err access-denied',
        'ok 127.0.0.1',
        'err access-denied',
        'err access-denied',
        'err access-denied',
        'err access-denied',
      ],
    )
  })
})

describe('TCP', { timeout: 60_000 }, () => {
  test('goes where the manifest says, by address and by name, and nowhere else', async () => {
    const tcp = [`127.0.0.1:${port}`, `localhost:${port}`]
    assert.deepEqual(
      await linesOf(
        `tcp 127.0.0.1 ${port} hello ; tcp localhost ${port} hey ; tcp 127.0.0.1 1 x ; tcp 127.0.0.2 ${port} x ; ` +
          'tcp example.com 80 x ; tcp 0.0.0.0 80 x',
        { tcp },
      ),
      [
        'ok hello',
        'ok hey',
        'err access-denied',
        'err access-denied',
        'err access-denied',
        'err invalid-argument',
      ],
    )
  })

  test('an address in its IPv6 form is the same address', async () => {
    assert.deepEqual(await linesOf(`tcp ::ffff:127.0.0.1 ${port} x`, { tcp: ['*:*', '[::]/0:*'] }), [
      'err invalid-argument',
    ])
  })

  test('a wildcard does not reach the host itself or its link', async () => {
    assert.deepEqual(
      await linesOf(
        `tcp 127.0.0.1 ${port} x ; tcp 169.254.169.254 80 x ; tcp ::1 ${port} x ; resolve localhost`,
        {
          tcp: ['*:*'],
        },
      ),
      new Array(4).fill('err access-denied'),
    )
  })

  test('moves megabytes both ways at the pace of the slower side', async () => {
    const tcp = [`127.0.0.0/8:${port}`]
    assert.deepEqual(await linesOf(`flood 127.0.0.1 ${port} 20000000`, { tcp }), ['ok 20000000'])
  })

  test('says what went wrong', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const free = (closed.address() as AddressInfo).port
    closed.close()
    await once(closed, 'close')
    const resetting = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1')
    await once(resetting, 'listening')
    const other = (resetting.address() as AddressInfo).port
    const lines = await linesOf(
      `tcp 127.0.0.1 ${free} x ; tcp 127.0.0.1 ${other} x ; tcp nowhere.invalid 1 x`,
      {
        tcp: ['127.0.0.1:*', 'nowhere.invalid:1'],
      },
    )
    resetting.close()
    assert.deepEqual(lines.slice(0, 2), ['err connection-refused', 'err connection-reset'])
    assert.match(lines[2] ?? '', /^err (name-unresolvable|temporary-resolver-failure)$/)
  })

  test('listens where the manifest says', async () => {
    const { running, lines } = await run('echo-once 127.0.0.1 0 ; echo-once 127.0.0.2 0', {
      listen: ['127.0.0.1:*'],
    })
    while (lines().length === 0) await new Promise(setImmediate)
    const at = Number(/^at 127\.0\.0\.1 (\d+)$/.exec(lines()[0] ?? '')?.[1])
    const client = connect(at, '127.0.0.1')
    client.end('over here')
    let heard = ''
    client.setEncoding('utf8').on('data', (text) => {
      heard += text
    })
    await once(client, 'close')
    assert.equal(heard, 'over here')
    await running
    assert.deepEqual(lines().slice(1), ['ok over here', 'err access-denied'])
  })

  test('sockets are closed when the call is given up, and there is a most of them', async () => {
    const before = open.size
    const abort = new AbortController()
    const silent = createServer((socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket)).on('error', () => {})
      socket.resume()
      abort.abort(new Error('given up'))
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const to = (silent.address() as AddressInfo).port
    const { running } = await run(`tcp 127.0.0.1 ${to} x`, { tcp: [`127.0.0.1:${to}`] }, abort.signal)
    await assert.rejects(running)
    while (open.size > before) await new Promise(setImmediate)
    silent.close()
    assert.deepEqual(await linesOf('many 100 ; many 200 ; many 100'), [
      'ok 100',
      'err new-socket-limit',
      'ok 100',
    ])
  })
})

describe('UDP', { timeout: 60_000 }, () => {
  test('goes to peers that the manifest names, and takes datagrams of theirs only', async () => {
    const peer = createSocket('udp4')
    const stranger = createSocket('udp4')
    peer.on('message', (data, from) => {
      stranger.send('from a stranger', from.port, from.address, () =>
        peer.send(`${data}!`, from.port, from.address),
      )
    })
    peer.bind(0, '127.0.0.1')
    await once(peer, 'listening')
    const { port: to } = peer.address()
    const lines = await linesOf(
      `udp 127.0.0.1 ${to} ping ; udp localhost ${to} pong ; udp-connected 127.0.0.1 ${to} x ; udp 127.0.0.1 1 x ; udp-bind 127.0.0.1 0`,
      { udp: [`127.0.0.1:${to}`, `localhost:${to}`] },
    )
    peer.close()
    stranger.close()
    assert.deepEqual(lines, [
      'ok ping!',
      'ok pong!',
      `ok 127.0.0.1 ${to}`,
      'err access-denied',
      'err access-denied',
    ])
  })
})
