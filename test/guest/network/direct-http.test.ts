import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Call, Invoke } from '../../../src/call/call.ts'
import type { HttpRequest } from '../../../src/capability/http.ts'
import type { NetworkSettings } from '../../../src/component-settings.ts'
import type { GuestComponent } from '../../../src/guest/component.ts'
import { Network } from '../../../src/guest/network/network.ts'
import { fakeServices, fetchFrom, openGuests } from '../../support/guest.ts'
import { sampleCall } from '../../support/sample-call.ts'

describe('HTTP without a link', { timeout: 60_000 }, () => {
  let guests: Awaited<ReturnType<typeof openGuests>>
  let component: GuestComponent
  let server: Server
  let port: number
  let connections = 0
  before(async () => {
    guests = await openGuests()
    component = await guests.load('test/guests/http-fetch-p2/http-fetch-p2.wasm')
    server = createServer((req, res) => {
      if (req.url === '/away') res.writeHead(302, { location: 'http://169.254.169.254/' })
      res.end(`${req.url} ${req.headers.host} ${'x'.repeat(req.url === '/long' ? 300_000 : 0)}`)
    }).listen(0, '127.0.0.1')
    server.on('connection', () => connections++)
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  after(async () => {
    component.close()
    await guests.close()
    server.close()
  })

  const seen: Call[] = []
  async function fetched(url: string, network: NetworkSettings, invoke?: Invoke): Promise<string> {
    await component.configure({ network })
    const services = {
      ...fakeServices({ linked: invoke !== undefined, ...(invoke && { invoke }) }),
      leaving: (answer: Invoke) => (call: Call) => {
        seen.push(call)
        return answer(call)
      },
    }
    return (await fetchFrom(component, `/?${url}`, { services })).text
  }

  test('goes to servers that the manifest names, as a call that can be traced', async () => {
    const http = [`localhost:${port}`]
    assert.equal(await fetched(`localhost:${port}/tea`, { http }), `200 /tea localhost:${port} `)
    assert.equal((await fetched(`localhost:${port}/long`, { http })).length > 300_000, true)
    const [call] = seen
    assert.equal(call?.target, 'outside')
    assert.equal(call?.operation.function.name, 'handle')
    assert.equal(call?.context.trace?.traceId, 'a'.repeat(32))
  })

  test('keeps connections for the next request', async () => {
    await component.configure({ network: { http: [`127.0.0.1:${port}`] } })
    const before = connections
    for (let round = 0; round < 5; round++) {
      const services = fakeServices({ linked: false })
      assert.match((await fetchFrom(component, `/?127.0.0.1:${port}/`, { services })).text, /^200/)
    }
    assert.equal(connections, before + 1)
  })

  test('goes nowhere else: other names, ports, addresses', async () => {
    const http = [`localhost:${port}`, 'api.example.com', '10.0.0.0/8:*', '*.example.org']
    const others = [
      `127.0.0.1:${port}`,
      'localhost',
      'localhost:1',
      'api.example.com:8080',
      'example.org',
      `[::1]:${port}`,
    ]
    for (const url of others)
      assert.equal(await fetched(`${url}/`, { http }), 'ErrorCode::HttpRequestDenied', url)
    assert.match(await fetched(`localhost:${port}@example.com/`, { http }), /UriInvalid|Denied/)
  })

  test('does not go to the host itself because a pattern covers its name', async () => {
    const text = await fetched(`localhost:${port}/`, { http: ['*:*'] })
    assert.equal(text, 'ErrorCode::DestinationIpProhibited')
    assert.equal(await fetched(`127.0.0.1:${port}/`, { http: ['*:*'] }), 'ErrorCode::HttpRequestDenied')
    assert.equal(await fetched('169.254.169.254/', { http: ['*:*'] }), 'ErrorCode::HttpRequestDenied')
  })

  test('does not follow where an answer points', async () => {
    assert.match(await fetched(`localhost:${port}/away`, { http: [`localhost:${port}`] }), /^302 /)
  })

  test('says what went wrong', async () => {
    assert.equal(await fetched('localhost:1/', { http: ['localhost:1'] }), 'ErrorCode::ConnectionRefused')
    assert.match(await fetched('nowhere.invalid/', { http: ['nowhere.invalid'] }), /DnsError/)
  })

  test('a request that the guest gives up is hung up', async () => {
    const { promise: hungUp, resolve } = Promise.withResolvers<void>()
    const givenUp = new AbortController()
    const silent = createServer((req) => {
      req.once('close', resolve)
      givenUp.abort()
    }).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const authority = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const { http } = new Network({ http: [authority] })
    const request: HttpRequest = {
      method: { tag: 'get' },
      scheme: { tag: 'HTTP' },
      authority,
      headers: [],
      body: (async function* () {})(),
      trailers: Promise.resolve(undefined),
    }
    const call = sampleCall({ args: [request, { signal: givenUp.signal }] })
    assert.deepEqual(await http.send(call), { tag: 'err', val: { tag: 'connection-terminated' } })
    await hungUp
    silent.close()
  })

  test('leaves to the link what the manifest does not name', async () => {
    const linked: Invoke = async () => ({ tag: 'err', val: { tag: 'HTTP-response-incomplete' } })
    assert.match(
      await fetched('other.example.com/', { http: [`localhost:${port}`] }, linked),
      /HttpResponseIncomplete/,
    )
    assert.match(await fetched(`localhost:${port}/`, { http: [`localhost:${port}`] }, linked), /^200/)
    assert.match(
      await fetched('other.example.com/', {}),
      /no link named default for wasi:http\/outgoing-handler/,
    )
  })
})
