import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { ComponentSettings } from '../../../src/component-settings.ts'
import type { GuestComponent } from '../../../src/guest/component.ts'
import { fakeServices, guestCall, openGuests } from '../../support/guest.ts'

describe('a command on WASI 0.3', { timeout: 120_000 }, () => {
  let guests: Awaited<ReturnType<typeof openGuests>>
  let command: GuestComponent
  let folder: string
  let echo: Server
  let port: number
  const inVolume = (name: string) => join(folder, 'volume', name)

  before(async () => {
    guests = await openGuests()
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      socket.pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(echo, 'listening')
    port = (echo.address() as AddressInfo).port
  })
  after(async () => {
    await guests.close()
    echo.close()
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weft-p3-'))
    await mkdir(inVolume('sub'), { recursive: true })
    await writeFile(join(folder, 'secret'), 'not yours')
    await writeFile(inVolume('hello'), 'hello')
    const hostVolumes = { data: { path: join(folder, 'volume'), access: 'read-write' } } as const
    command = await guests.load('test/guests/command-p3/command-p3.wasm', { hostVolumes })
    return () => rm(folder, { recursive: true, force: true })
  })

  const volumes = { mounts: [{ volume: 'data', path: '/data', access: 'read-write' }] } as const

  async function start(deeds: string, settings: ComponentSettings = {}) {
    await command.configure({ ...settings, cli: { ...settings.cli, args: deeds.split(' ') } })
    const services = fakeServices({ linked: false })
    const running = command.run(guestCall(command, 'run', []), services)
    const own = () => services.lines.filter(({ attributes }) => attributes['stream'] !== undefined)
    return { running, lines: () => own().map(({ message }) => message.trimEnd()) }
  }

  async function run(deeds: string, settings?: ComponentSettings): Promise<string[]> {
    const { running, lines } = await start(deeds, settings)
    assert.deepEqual(await running, { tag: 'ok' })
    return lines()
  }

  test('has arguments, environment, clocks and random bytes, and no volume or network unless it is granted', async () => {
    const lines = await run(
      'args a b ; env ; clock ; random 1000 ; random 100000 ; read hello ; resolve localhost ; tcp 127.0.0.1 1 x ; ' +
        'udp 127.0.0.1 1 x ; echo-once 127.0.0.1 0 ; udp-bind 127.0.0.1 0',
      { cli: { env: { WHO: 'weft' } } },
    )
    assert.deepEqual(
      lines,
      [
        'ok a,b',
        'ok WHO=weft',
        'ok true true',
        'ok 1000',
        'ok 65536',
        'err "no volume"',
        ...new Array(5).fill('err ErrorCode::AccessDenied'),
      ].map((line) => line.replaceAll('"', '')),
    )
  })

  test('ends by exit with its status', async () => {
    assert.deepEqual(await (await start('exit ; env')).running, { tag: 'ok' })
    assert.deepEqual(await (await start('fail')).running, { tag: 'err' })
  })

  test('works on files by streams', async () => {
    const lines = await run(
      'read hello ; write new abc ; append new def ; read new ; peek new ; ls . ; stat new ; mkdir dir ; ' +
        'rename new dir/x ; link dir/x y ; same y dir/x ; same y hello ; symlink dir/x l ; readlink l ; read l ; ' +
        'touch y ; rm dir/x ; rmdir dir ; ls . ; fill big 700000 ; sum big ; read none',
      { volumes },
    )
    assert.deepEqual(lines, [
      'ok hello',
      'ok',
      'ok',
      'ok abcdef',
      'ok bc',
      'ok hello,new,sub',
      'ok DescriptorType::RegularFile 6',
      'ok',
      'ok',
      'ok',
      'ok true',
      'ok false',
      'ok',
      'ok dir/x',
      'ok abcdef',
      'ok',
      'ok',
      'ok',
      'ok hello,l,sub,y',
      'ok',
      'ok 700000 true',
      'err ErrorCode::NoEntry',
    ])
    assert.equal(await readFile(inVolume('y'), 'utf8'), 'abcdef')
  })

  test('lists large directories', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, index) => writeFile(inVolume(`sub/n${index}`), '')))
    const [line = ''] = await run('ls sub', { volumes })
    assert.equal(line.split(',').length, 200)
  })

  test('writes to its own log while 64 run in one instance', async () => {
    const args = 'clock ; read hello ; clock ; write x y ; env'.split(' ')
    const reuse = { invocations: 1000, concurrent: 64 }
    await command.configure({ cli: { args }, volumes, reuse })
    const runs = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const services = fakeServices()
        const result = await command.run(guestCall(command, 'run', []), services)
        return { result, lines: services.lines.map(({ message }) => message.trimEnd()) }
      }),
    )
    for (const { result, lines } of runs) {
      assert.deepEqual(result, { tag: 'ok' })
      assert.deepEqual(lines, ['ok true true', 'ok hello', 'ok true true', 'ok', 'ok'])
    }
  })

  test('does not get out of its volume, nor change a read-only one', async () => {
    await symlink('../secret', inVolume('out'))
    const lines = await run(
      'read ../secret ; read /etc/passwd ; read out ; write out x ; rename hello ../gone ; link ../secret mine ; ' +
        'symlink /etc etc ; ls .. ; mkdir sub/../../d',
      { volumes },
    )
    assert.deepEqual(lines, new Array(9).fill('err ErrorCode::NotPermitted'))
    const readOnly = { mounts: [{ volume: 'data', path: '/data' }] }
    assert.deepEqual(
      await run('read hello ; write hello x ; append hello x ; rm hello ; mkdir d ; touch hello', {
        volumes: readOnly,
      }),
      ['ok hello', ...new Array(5).fill('err ErrorCode::ReadOnly')],
    )
    assert.deepEqual((await readdir(folder)).toSorted(), ['secret', 'volume'])
  })

  test('speaks TCP both ways at once, where its manifest says', async () => {
    const network = { tcp: [`127.0.0.1:${port}`, `localhost:${port}`] }
    const lines = await run(
      `tcp 127.0.0.1 ${port} hi ; tcp localhost ${port} hey ; flood 127.0.0.1 ${port} 3000000 ; tcp 127.0.0.1 1 x`,
      { network },
    )
    assert.deepEqual(lines, ['ok hi', 'ok hey', 'ok 3000000', 'err ErrorCode::AccessDenied'])
  })

  test('sends HTTP requests without a link, where its manifest says', async () => {
    const server = createHttpServer((req, res) => {
      res.writeHead(req.method === 'POST' ? 201 : 200)
      req.pipe(res)
      if (req.method === 'GET') res.write(`${req.url} `)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const at = `localhost:${(server.address() as AddressInfo).port}`
    const lines = await run(
      `fetch ${at} /tea ; post ${at} / some ; fetch localhost:1 / ; fetch 127.0.0.1:1 /`,
      {
        network: { http: [at, '127.0.0.1:1'] },
      },
    )
    server.close()
    assert.deepEqual(lines, [
      'ok 200 /tea',
      'ok 201 some',
      'err ErrorCode::HttpRequestDenied',
      'err ErrorCode::ConnectionRefused',
    ])
  })

  test('listens, where its manifest says', async () => {
    const { running, lines } = await start('echo-once 127.0.0.1 0', { network: { listen: ['127.0.0.1:*'] } })
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
    assert.deepEqual(await running, { tag: 'ok' })
  })

  test('exchanges datagrams, where its manifest says', async () => {
    const peer = createSocket('udp4')
    peer.on('message', (data, from) => peer.send(`${data}!`, from.port, from.address))
    peer.bind(0, '127.0.0.1')
    await once(peer, 'listening')
    const { port: to } = peer.address()
    const lines = await run(`udp 127.0.0.1 ${to} ping ; udp 127.0.0.1 1 x ; udp-bind 127.0.0.1 0`, {
      network: { udp: [`127.0.0.1:${to}`], listen: ['127.0.0.1:*'] },
    })
    peer.close()
    assert.deepEqual(lines, ['ok ping!', 'err ErrorCode::AccessDenied', 'ok 127.0.0.1'])
  })
})
