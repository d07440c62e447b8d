import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { Kvm } from '@nats-io/kv'
import { headers, type NatsConnection } from 'nats'
import { collectReplies } from '../../src/lattice/collect-replies.ts'
import { connectNats, subscribeGuarded } from '../../src/lattice/connect.ts'
import type { ControlHandlers } from '../../src/lattice/control.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { type LatticeEvent, subscribeEvents } from '../../src/lattice/events.ts'
import type { Link } from '../../src/lattice/link.ts'
import { controlSubjects } from '../../src/lattice/subjects.ts'
import { createLog } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { type FakeHost, startFakeHost } from './fake-host.ts'

let nats: NatsServer
let asker: NatsConnection
before(async () => {
  nats = await startNats()
  asker = await connectNats({ url: nats.url, name: 'asker' })
})
after(async () => {
  await asker.close()
  await nats.stop()
})

const silent = createLog(() => undefined)
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const link = (more: Partial<Link> = {}): Link => ({
  source_id: 'hello',
  target: 'kvredis',
  name: 'default',
  wit_namespace: 'wasi',
  wit_package: 'keyvalue',
  interfaces: ['store', 'atomics'],
  source_config: [],
  target_config: [],
  ...more,
})

interface World {
  readonly lattice: string
  readonly hosts: readonly FakeHost[]
  readonly host: FakeHost
  readonly events: LatticeEvent[]
  readonly subjects: ReturnType<typeof controlSubjects>
  ask(subject: string, body?: unknown): Promise<unknown>
}

/** A lattice of its own with so many fake hosts, each on its own connection. */
async function withHosts(
  options: { readonly count: number; readonly handlers?: Partial<ControlHandlers> },
  run: (world: World) => Promise<void>,
): Promise<void> {
  const lattice = `l${randomBytes(4).toString('hex')}`
  const connections: NatsConnection[] = []
  const hosts: FakeHost[] = []
  for (let index = 0; index < options.count; index++) {
    const connection = await connectNats({ url: nats.url, name: `host ${index}` })
    connections.push(connection)
    const labels = { zone: `z${index}` }
    const handlers = options.handlers ?? {}
    hosts.push(await startFakeHost({ connection, lattice, log: silent, labels, handlers }))
  }
  const [host] = hosts
  assert.ok(host)
  const events: LatticeEvent[] = []
  const heard = subscribeEvents({
    connection: asker,
    lattice,
    log: silent,
    onEvent: (event) => events.push(event),
  })
  await asker.flush()
  const ask = async (subject: string, body: unknown = '') => {
    const payload = body instanceof Uint8Array || body === '' ? body : JSON.stringify(body)
    return (await asker.request(subject, payload, { timeout: 5000 })).json()
  }
  try {
    await run({ lattice, hosts, host, events, subjects: controlSubjects(lattice), ask })
  } finally {
    heard.stop()
    for (const one of hosts) await one.stop()
    for (const connection of connections) await connection.close()
  }
}

test('every host answers a ping with its summary', () =>
  withHosts({ count: 2 }, async ({ hosts, subjects }) => {
    const question = { connection: asker, subject: subjects.hostPing, timeoutMs: 2000, quietMs: 150 }
    const replies = (await collectReplies(question)).map((bytes) => JSON.parse(text(bytes)))
    assert.deepEqual(
      replies.sort((a, b) => a.response.id.localeCompare(b.response.id)),
      hosts
        .map(({ summary }) => ({ success: true, message: '', response: summary }))
        .sort((a, b) => a.response.id.localeCompare(b.response.id)),
    )
  }))

test('a host answers for its inventory', () =>
  withHosts({ count: 2 }, async ({ host, subjects, ask }) => {
    const reply = await ask(subjects.hostGet(host.id))
    assert.deepEqual(reply, { success: true, message: '', response: host.inventory })
  }))

test('in an auction only hosts that fit answer, with the true id', () =>
  withHosts({ count: 2 }, async ({ host, subjects }) => {
    const auction = { component_ref: 'file:///x', component_id: 'hello', constraints: { zone: 'z0' } }
    const asked = { connection: asker, timeoutMs: 2000, quietMs: 100 }
    const bids = async (subject: string, body: unknown) => {
      const inbox = `_INBOX.${randomBytes(6).toString('hex')}`
      const got: unknown[] = []
      const subscription = subscribeGuarded(asked.connection, inbox, {
        log: silent,
        onMessage: (message) => void got.push(message.json()),
      })
      asker.publish(subject, JSON.stringify(body), { reply: inbox })
      await until(() => got.length > 0)
      subscription.unsubscribe()
      return got
    }
    assert.deepEqual(await bids(subjects.componentAuction, auction), [
      { success: true, message: '', response: { ...auction, host_id: host.id } },
    ])
    const provider = { provider_ref: 'r', provider_id: 'default', constraints: { zone: 'z0' } }
    assert.deepEqual(await bids(subjects.providerAuction, provider), [
      { success: true, message: '', response: { ...provider, host_id: host.id } },
    ])
  }))

test('commands reach their host with defaults filled in', () =>
  withHosts({ count: 2 }, async ({ hosts, host, subjects, ask }) => {
    const plain = { success: true, message: '' }
    assert.deepEqual(await ask(subjects.componentScale(host.id), { component_id: 'hello' }), plain)
    await ask(subjects.componentScale(host.id), {
      component_ref: 'file:///x',
      component_id: 'hello',
      annotations: { a: 'b' },
      count: 4294967295,
      component_limits: { max_memory_limit: '1' },
      host_id: host.id,
      config: ['c'],
      allow_update: true,
    })
    await ask(subjects.componentUpdate(host.id), {
      component_id: 'hello',
      new_component_ref: 'r2',
      host_id: host.id,
    })
    const started = await ask(subjects.providerStart(host.id), {
      provider_id: 'kv',
      provider_ref: 'r',
      annotations: null,
    })
    assert.deepEqual(started, { success: true, message: 'successfully started provider' })
    await ask(subjects.providerStop(host.id), { host_id: host.id, provider_ref: 'kv' })
    await ask(subjects.labelPut(host.id), { key: 'k', value: 'v' })
    await ask(subjects.labelDel(host.id), { key: 'k' })
    await ask(subjects.hostStop(host.id))
    await ask(subjects.hostStop(host.id), { host_id: host.id, timeout: null })
    await ask(subjects.hostStop(host.id), { host_id: '', timeout: 500 })
    asker.publish(subjects.registryPut, encode({ 'ghcr.io': { token: 't', registryType: 'oci' } }))
    await until(() => hosts.every((one) => one.asked.at(-1)?.[0] === 'registries'))
    const scale = {
      component_ref: '',
      annotations: {},
      count: 0,
      host_id: '',
      config: [],
      allow_update: false,
    }
    assert.deepEqual(host.asked, [
      ['scale', { ...scale, component_id: 'hello' }],
      [
        'scale',
        {
          component_ref: 'file:///x',
          component_id: 'hello',
          annotations: { a: 'b' },
          count: 4294967295,
          component_limits: { max_memory_limit: '1' },
          host_id: host.id,
          config: ['c'],
          allow_update: true,
        },
      ],
      ['update', { component_id: 'hello', host_id: host.id, new_component_ref: 'r2' }],
      ['start', { provider_id: 'kv', provider_ref: 'r', host_id: '', config: [], annotations: {} }],
      ['stop', 'kv'],
      ['putLabel', 'k', 'v'],
      ['deleteLabel', 'k'],
      ['stopHost', undefined],
      ['stopHost', undefined],
      ['stopHost', 500],
      ['registries', { 'ghcr.io': { token: 't', registryType: 'oci' } }],
    ])
  }))

test('a body that cannot be read is answered with the text that Rust hosts use', () =>
  withHosts({ count: 1 }, async ({ host, subjects, ask }) => {
    const expected: readonly (readonly [string, string])[] = [
      [subjects.componentAuction, 'failed to deserialize component auction command'],
      [subjects.providerAuction, 'failed to deserialize provider auction command'],
      [subjects.componentScale(host.id), 'failed to deserialize component scale command'],
      [subjects.componentUpdate(host.id), 'failed to deserialize component update command'],
      [subjects.providerStart(host.id), 'failed to deserialize provider start command'],
      [subjects.providerStop(host.id), 'failed to deserialize provider stop command'],
      [subjects.hostStop(host.id), 'failed to deserialize stop command'],
      [subjects.labelPut(host.id), 'failed to deserialize put label request'],
      [subjects.labelDel(host.id), 'failed to deserialize delete label request'],
      [subjects.linkPut, 'failed to deserialize wrpc link definition'],
      [subjects.linkDel, 'failed to deserialize wrpc link definition'],
      [subjects.registryPut, 'failed to deserialize registries put command'],
      [subjects.configPut('c'), 'config data should be a map of string -> string'],
    ]
    for (const [subject, message] of expected) {
      for (const body of [encode([1]), encode({ component_id: 1, timeout: 'x', a: 1 }), randomBytes(64)]) {
        assert.deepEqual(await ask(subject, body), { success: false, message }, subject)
      }
    }
    const tooMany = { component_id: 'x', count: 4294967296 }
    assert.deepEqual(await ask(subjects.componentScale(host.id), tooMany), {
      success: false,
      message: 'failed to deserialize component scale command',
    })
  }))

test('random bytes on every subject get an answer or silence, and never hurt the host', () =>
  withHosts({ count: 1 }, async ({ host, subjects, ask }) => {
    const targets = Object.values(subjects).flatMap((subject) =>
      typeof subject === 'function' ? [subject(host.id)] : [subject],
    )
    for (const target of targets.filter((subject) => !/[*>]|\.(link|claims|config)$/.test(subject))) {
      for (let size = 0; size < 200; size += 13)
        asker.publish(target, randomBytes(size), { reply: 'nobody.listens' })
    }
    const reply = await ask(subjects.hostGet(host.id))
    assert.deepEqual(reply, { success: true, message: '', response: host.inventory })
  }))

test('other subjects, and config names with dots, are unsupported', () =>
  withHosts({ count: 1 }, async ({ host, subjects, ask }) => {
    const { root } = subjects
    const unknown = [
      `${root}.component.foo.${host.id}`,
      `${root}.component.auction.${host.id}`,
      `${root}.host.ping.${host.id}`,
      `${root}.label.__proto__.${host.id}`,
      `${root}.link.foo`,
      `${root}.config.get`,
      `${root}.config.get.a.b`,
      `${root}.config.foo.a`,
    ]
    for (const subject of unknown) {
      assert.deepEqual(await ask(subject), { success: false, message: 'unsupported subject' }, subject)
    }
  }))

test('hostcore labels cannot be set, in any case of letters', () =>
  withHosts({ count: 1 }, async ({ host, subjects, ask }) => {
    const reply = await ask(subjects.labelPut(host.id), { key: 'HostCore.os', value: 'x' })
    assert.deepEqual(reply, { success: false, message: 'hostcore.* labels cannot be set dynamically' })
    assert.deepEqual(host.asked, [])
  }))

test('a stop that names another host is refused', () =>
  withHosts({ count: 1 }, async ({ host, subjects, ask }) => {
    const reply = await ask(subjects.hostStop(host.id), { host_id: 'NOTHER' })
    assert.deepEqual(reply, { success: false, message: 'invalid host_id [NOTHER]' })
  }))

test('what a handler throws is the message of the refusal', () => {
  const scaleComponent = () => {
    throw new Error('the handler is broken')
  }
  return withHosts({ count: 1, handlers: { scaleComponent } }, async ({ host, subjects, ask }) => {
    const reply = await ask(subjects.componentScale(host.id), { component_id: 'x' })
    assert.deepEqual(reply, { success: false, message: 'the handler is broken' })
  })
})

test('a reply larger than the server takes is an error instead of silence', () => {
  const scaleComponent = () => ({ success: true, message: 'x'.repeat(2_000_000) })
  return withHosts({ count: 1, handlers: { scaleComponent } }, async ({ host, subjects, ask }) => {
    const reply = await ask(subjects.componentScale(host.id), { component_id: 'x' })
    assert.match(JSON.stringify(reply), /"success":false.*the reply cannot be sent/)
  })
})

test('the trace headers of a request come back in its reply', () =>
  withHosts({ count: 1 }, async ({ host, subjects }) => {
    const sent = headers()
    sent.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
    sent.set('tracestate', 'a=b')
    sent.set('other', 'x')
    const reply = await asker.request(subjects.hostGet(host.id), '', { timeout: 2000, headers: sent })
    assert.equal(reply.headers?.get('traceparent'), sent.get('traceparent'))
    assert.equal(reply.headers?.get('tracestate'), 'a=b')
    assert.equal(reply.headers?.has('other'), false)
    const plain = await asker.request(subjects.hostGet(host.id), '', { timeout: 2000 })
    assert.equal(plain.headers, undefined)
  }))

test('config is put, got and deleted through any host, and told in events', () =>
  withHosts({ count: 2 }, async ({ lattice, subjects, ask, events }) => {
    const json = '{ "a" : "1", "b":"" }'
    assert.deepEqual(await ask(subjects.configPut('c'), new TextEncoder().encode(json)), {
      success: true,
      message: 'successfully put config',
    })
    const kv = await new Kvm(asker).open(`CONFIGDATA_${lattice}`)
    assert.equal((await kv.get('c'))?.string(), json)
    assert.deepEqual(await ask(subjects.configGet('c')), {
      success: true,
      message: '',
      response: { a: '1', b: '' },
    })
    const deleted = { success: true, message: 'successfully deleted config' }
    assert.deepEqual(await ask(subjects.configDel('c')), deleted)
    assert.equal((await kv.get('c'))?.operation, 'PURGE')
    assert.deepEqual(await ask(subjects.configDel('never')), deleted)
    assert.deepEqual(await ask(subjects.configGet('c')), {
      success: true,
      message: 'Configuration not found',
    })
    await until(() => events.length === 3)
    assert.deepEqual(
      events.map(({ name, data }) => [name, data]),
      [
        ['config_set', { config_name: 'c' }],
        ['config_deleted', { config_name: 'c' }],
        ['config_deleted', { config_name: 'never' }],
      ],
    )
  }))

test('a link is put, seen at once through any host, and deleted', () =>
  withHosts({ count: 2 }, async ({ lattice, subjects, ask, events }) => {
    await ask(subjects.configPut('c'), { url: 'x', only: 'c' })
    await ask(subjects.configPut('d'), { url: 'y' })
    const told: unknown[] = []
    const heard = subscribeGuarded(asker, `wasmbus.rpc.${lattice}.*.linkdefs.*`, {
      log: silent,
      onMessage: (message) => void told.push([message.subject, message.json()]),
    })
    const whole = link({ target_config: ['c', 'd'] })
    const { name: _, source_config: __, ...short } = whole
    assert.deepEqual(await ask(subjects.linkPut, short), { success: true, message: 'successfully set link' })
    for (let index = 0; index < 4; index++) {
      assert.deepEqual(await ask(subjects.linkGet), { success: true, message: '', response: [whole] })
    }
    const key = { source_id: 'hello', name: 'default', wit_namespace: 'wasi', wit_package: 'keyvalue' }
    const deleted = { success: true, message: 'successfully deleted link' }
    assert.deepEqual(await ask(subjects.linkDel, key), deleted)
    assert.deepEqual(await ask(subjects.linkGet), { success: true, message: '', response: [] })
    assert.deepEqual(await ask(subjects.linkDel, key), deleted)
    assert.deepEqual(await ask(subjects.linkDel, { ...key, source_id: 'unknown' }), {
      success: true,
      message: "successfully deleted link (spec doesn't exist)",
    })
    await until(() => events.length === 5 && told.length === 4)
    heard.unsubscribe()
    const resolved = { ...whole, source_config: {}, source_secrets: null, target_secrets: null }
    const root = `wasmbus.rpc.${lattice}`
    assert.deepEqual(told, [
      [`${root}.hello.linkdefs.put`, { ...resolved, target_config: { url: 'y', only: 'c' } }],
      [`${root}.kvredis.linkdefs.put`, { ...resolved, target_config: { url: 'y', only: 'c' } }],
      [`${root}.hello.linkdefs.del`, { ...resolved, target_config: {} }],
      [`${root}.kvredis.linkdefs.del`, { ...resolved, target_config: {} }],
    ])
    assert.deepEqual(
      events.slice(2).map(({ name, data }) => [name, data]),
      [
        ['linkdef_set', whole],
        ['linkdef_deleted', { ...key, target: 'kvredis', interfaces: ['store', 'atomics'] }],
        ['linkdef_deleted', key],
      ],
    )
  }))

test('a link with unknown config, to two targets or between impossible ids is refused and told', () =>
  withHosts({ count: 1 }, async ({ subjects, ask, events }) => {
    const missing = link({ source_config: ['nope'], target_config: ['SECRET_x', 'nope'] })
    assert.deepEqual(await ask(subjects.linkPut, missing), {
      success: false,
      message:
        'Failed to validate configuration and secrets. Configuration nope not found in config store. ' +
        'Secret reference SECRET_x not found in config store. ',
    })
    await ask(subjects.linkPut, link())
    assert.deepEqual(await ask(subjects.linkPut, link({ target: 'other' })), {
      success: false,
      message:
        'link already exists with different target, consider deleting the existing link or using a different link name',
    })
    const impossible = await ask(subjects.linkPut, link({ source_id: 'a.b' }))
    assert.match(JSON.stringify(impossible), /source_id .* must be one NATS token/)
    await until(() => events.length === 4)
    assert.deepEqual(
      events.map(({ name }) => name),
      ['linkdef_set_failed', 'linkdef_set', 'linkdef_set_failed', 'linkdef_set_failed'],
    )
  }))

test('a link with secrets is not sent in the open', () =>
  withHosts({ count: 1 }, async ({ lattice, subjects, ask }) => {
    await ask(subjects.configPut('SECRET_x'), { key: 'path' })
    const told: string[] = []
    const heard = subscribeGuarded(asker, `wasmbus.rpc.${lattice}.>`, {
      log: silent,
      onMessage: (message) => void told.push(message.subject),
    })
    await ask(subjects.linkPut, link({ target_config: ['SECRET_x'] }))
    await ask(subjects.linkPut, link({ name: 'open' }))
    await until(() => told.length === 2)
    heard.unsubscribe()
    assert.equal(((await ask(subjects.linkGet)) as { response: unknown[] }).response.length, 2)
  }))

test('claims are shown as flat strings', () =>
  withHosts({ count: 1 }, async ({ lattice, subjects, ask }) => {
    const kv = await new Kvm(asker).open(`LATTICEDATA_${lattice}`)
    const component = {
      call_alias: '',
      issuer: 'A1',
      name: 'hello',
      revision: '0',
      subject: 'M1',
      version: '0.1.0',
    }
    await kv.put('CLAIMS_M1', JSON.stringify({ ...component, tags: ['a', 'b'] }))
    await kv.put(
      'CLAIMS_V1',
      JSON.stringify({ iss: 'A1', name: 'kv', rev: '2', sub: 'V1', version: '1.0.0' }),
    )
    await kv.put('CLAIMS_V2', 'no JSON')
    const reply = (await ask(subjects.claimsGet)) as { response: { sub: string }[] }
    const names = (a: { sub: string }, b: { sub: string }) => a.sub.localeCompare(b.sub)
    assert.deepEqual(reply.response.sort(names), [
      { ...component, iss: 'A1', rev: '0', sub: 'M1', tags: 'a,b' },
      {
        iss: 'A1',
        issuer: 'A1',
        name: 'kv',
        rev: '2',
        revision: '2',
        sub: 'V1',
        subject: 'V1',
        version: '1.0.0',
        config_schema: '',
      },
    ])
  }))

test('fifty concurrent link puts for one source through two hosts lose nothing', () =>
  withHosts({ count: 2 }, async ({ lattice, subjects, ask }) => {
    const names = Array.from({ length: 50 }, (_, index) => `link-${index}`)
    const replies = await Promise.all(names.map((name) => ask(subjects.linkPut, link({ name }))))
    for (const reply of replies) assert.deepEqual(reply, { success: true, message: 'successfully set link' })
    const client = createControlClient({ connection: asker, lattice })
    const links = await client.links()
    assert.deepEqual(links.map(({ name }) => name).sort(), names.sort())
  }))

test('a host that has stopped answers no more, and the other serves the lattice alone', () =>
  withHosts({ count: 2 }, async ({ hosts, host, subjects, ask }) => {
    await host.stop()
    await assert.rejects(ask(subjects.hostGet(host.id)), /no responders/i)
    for (let index = 0; index < 5; index++) await ask(subjects.configPut(`c${index}`), {})
    assert.equal((await ask(subjects.hostGet(hosts[1]?.id ?? ''))) !== undefined, true)
  }))

test('the control prefix can be moved', async () => {
  const connection = await connectNats({ url: nats.url, name: 'moved' })
  const host = await startFakeHost({ connection, lattice: 'moved', log: silent, controlPrefix: 'acc.ctl' })
  const moved = createControlClient({ connection: asker, lattice: 'moved', controlPrefix: 'acc.ctl' })
  assert.equal((await moved.inventory(host.id)).host_id, host.id)
  await host.stop()
  await connection.close()
})
