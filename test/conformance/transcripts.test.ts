import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Kvm } from '@nats-io/kv'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { root } from '../support/weft.ts'

/** A raw CloudEvent as it stood on the wire. */
interface RawEvent {
  readonly subject: string
  readonly hasHeaders: boolean
  readonly envelope: Readonly<Record<string, unknown>> & { readonly data: unknown }
}

const calc = `file://${root}/test/guests/calc/calc.wasm`
const other = `file://${root}/test/guests/http-hello-p2/http-hello-p2.wasm`

// The messages that wash and wadm send, byte for byte as JSON, to a host process; what it answers, publishes and keeps.
describe('the transcripts of the wasmCloud 1.x control protocol', () => {
  let lattice: TestLattice
  let host: LatticeHost
  const events: RawEvent[] = []
  before(async () => {
    lattice = await openLattice()
    lattice.connection.subscribe('wasmbus.evt.default.>', {
      callback: (_, message) => {
        events.push({
          subject: message.subject,
          hasHeaders: message.headers !== undefined,
          envelope: message.json(),
        })
      },
    })
    await lattice.connection.flush()
    host = await lattice.startHost('--label', 'zone=eu', '--name', 'purple-waterfall-1234')
  })
  after(() => lattice.close())

  /** Sends `body` as it is and gives the reply as it is. */
  const ask = async (tail: string, body: unknown = '') => {
    const payload = typeof body === 'string' ? body : JSON.stringify(body)
    const subject = `wasmbus.ctl.v1.default.${tail}`
    return (await lattice.connection.request(subject, payload, { timeout: 20_000 })).json<
      Record<string, unknown>
    >()
  }
  const ok = (message: string, response?: unknown) =>
    response === undefined ? { success: true, message } : { success: true, message, response }
  const no = (message: string) => ({ success: false, message })
  /** The next event of that name whose data has these members, whole. */
  const event = async (name: string, part: Readonly<Record<string, unknown>> = {}) => {
    const found = await until(
      () =>
        events.findIndex(
          ({ subject, envelope }) =>
            subject === `wasmbus.evt.default.${name}` &&
            Object.entries(part).every(([key, value]) => Object(envelope.data)[key] === value),
        ) + 1,
      { timeoutMs: 30_000, what: `the event ${name} ${JSON.stringify(part)}` },
    )
    const [{ subject, hasHeaders, envelope }] = events.splice(found - 1, 1) as [RawEvent]
    const { id, time, ...rest } = envelope
    assert.equal(hasHeaders, false)
    assert.match(String(id), /^[0-9a-f-]{36}$/)
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    assert.deepEqual(
      { ...rest, data: undefined },
      {
        specversion: '1.0',
        type: `com.wasmcloud.lattice.${subject.split('.').at(-1)}`,
        source: host.id,
        datacontenttype: 'application/json',
        data: undefined,
      },
    )
    return envelope.data
  }
  const entry = async (bucket: string, key: string) => {
    const found = await (await new Kvm(lattice.connection).open(bucket)).get(key)
    return found && found.operation === 'PUT' ? found.json<unknown>() : undefined
  }

  test('host_started, ping and inventory', async () => {
    const labels = {
      'hostcore.arch': process.arch === 'x64' ? 'x86_64' : 'aarch64',
      'hostcore.os': process.platform === 'darwin' ? 'macos' : process.platform,
      'hostcore.osfamily': 'unix',
      zone: 'eu',
    }
    const started = (await event('host_started')) as Record<string, unknown>
    const { version } = started
    assert.match(String(version), /^\d+\.\d+\.\d+/)
    assert.deepEqual(started, { friendly_name: 'purple-waterfall-1234', labels, uptime_seconds: 0, version })
    const ping = (await ask('host.ping')) as { response: Record<string, unknown> }
    const { uptime_human, uptime_seconds, ...summary } = ping.response
    assert.match(String(uptime_human), /^\d+s$/)
    assert.equal(typeof uptime_seconds, 'number')
    const url = lattice.nats.url
    assert.deepEqual(
      { ...ping, response: summary },
      ok('', {
        rpc_host: url,
        ctl_host: url,
        friendly_name: 'purple-waterfall-1234',
        id: host.id,
        labels,
        lattice: 'default',
        version,
      }),
    )
    const inventory = (await ask(`host.get.${host.id}`)) as { response: Record<string, unknown> }
    const { uptime_human: human, uptime_seconds: seconds, ...rest } = inventory.response
    assert.deepEqual([typeof human, typeof seconds], ['string', 'number'])
    assert.deepEqual(rest, {
      components: [],
      providers: [],
      host_id: host.id,
      friendly_name: 'purple-waterfall-1234',
      labels,
      version,
    })
  })

  test('wash start component: auction, scale, KV entry, events; then scale, update, stop', async () => {
    const auction = { component_ref: calc, component_id: 'hello', constraints: { zone: 'eu' } }
    assert.deepEqual(await ask('component.auction', auction), ok('', { ...auction, host_id: host.id }))
    const scale = {
      component_ref: calc,
      component_id: 'hello',
      annotations: { k: 'v' },
      count: 1,
      host_id: host.id,
      config: [],
      allow_update: false,
    }
    const scaled = { annotations: { k: 'v' }, host_id: host.id, image_ref: calc, component_id: 'hello' }
    assert.deepEqual(await ask(`component.scale.${host.id}`, scale), ok(''))
    assert.deepEqual(await event('component_scaled'), { ...scaled, max_instances: 1 })
    assert.deepEqual(await entry('LATTICEDATA_default', 'COMPONENT_hello'), { url: calc, links: [] })
    assert.deepEqual(await ask(`component.scale.${host.id}`, { ...scale, count: 4294967295 }), ok(''))
    assert.deepEqual(await event('component_scaled'), { ...scaled, max_instances: 4294967295 })
    const limits = { max_memory_limit: '268435456', max_execution_time: '10' }
    await ask(`component.scale.${host.id}`, { ...scale, count: 10, component_limits: limits })
    await event('component_scaled', { max_instances: 10 })
    const { response } = (await ask(`host.get.${host.id}`)) as {
      response: { components: Record<string, unknown>[] }
    }
    assert.deepEqual(
      response.components.map(({ config, ...component }) => component),
      [{ id: 'hello', image_ref: calc, annotations: { k: 'v' }, revision: 0, max_instances: 10, limits }],
    )
    const change = `${calc} != ${other}`
    assert.deepEqual(
      await ask(`component.scale.${host.id}`, { ...scale, component_ref: other }),
      ok(
        `Requested to scale existing component to a different image reference: ${change}. The component will be scaled but the image reference will not be updated. If you meant to update this component to a new image ref, use the update command.`,
      ),
    )
    assert.deepEqual(await event('component_scaled', { max_instances: 1 }), { ...scaled, max_instances: 1 })
    assert.deepEqual(
      await ask(`component.scale.${host.id}`, { ...scale, component_ref: other, allow_update: true }),
      ok(
        `Requested to scale existing component, with a changed image reference: ${change}. The component will be scaled, and the image reference will be updated afterwards.`,
      ),
    )
    assert.deepEqual(await event('component_scaled', { image_ref: other }), {
      ...scaled,
      image_ref: other,
      max_instances: 1,
    })
    const update = { component_id: 'hello', host_id: host.id, new_component_ref: calc }
    const updated = await ask(`component.update.${host.id}`, update)
    assert.deepEqual(updated, ok(`component hello updating from ${other} to ${calc}`))
    await event('component_scaled', { image_ref: calc })
    assert.deepEqual(
      await ask(`component.update.${host.id}`, update),
      ok(`component hello already updated to ${calc}`),
    )
    assert.deepEqual(
      await ask(`component.update.${host.id}`, { ...update, component_id: 'nobody' }),
      no('component nobody not found'),
    )
    await ask(`component.scale.${host.id}`, { component_id: 'hello', component_ref: calc, count: 0 })
    assert.deepEqual(await event('component_scaled', { max_instances: 0 }), { ...scaled, max_instances: 0 })
    assert.deepEqual(await ask(`component.scale.${host.id}`, { component_id: 'gone' }), ok(''))
    assert.deepEqual(await event('component_scaled', { component_id: 'gone' }), {
      annotations: {},
      host_id: host.id,
      image_ref: '',
      max_instances: 0,
      component_id: 'gone',
    })
  })

  test('an auction that the host cannot win is met with silence', async () => {
    const silent = async (tail: string, body: object) => {
      const asked = lattice.connection.request(`wasmbus.ctl.v1.default.${tail}`, JSON.stringify(body), {
        timeout: 400,
      })
      await assert.rejects(asked, { name: 'TimeoutError' })
    }
    await silent('component.auction', { component_ref: 'x', component_id: 'y', constraints: { zone: 'us' } })
    await silent('provider.auction', {
      provider_ref: 'x',
      provider_id: 'default',
      constraints: { zone: 'us' },
    })
    const auction = { provider_ref: 'x', provider_id: 'default', constraints: {} }
    assert.deepEqual(await ask('provider.auction', auction), ok('', { ...auction, host_id: host.id }))
  })

  test('a component that cannot run: component_scale_failed with the whole chain of what went wrong', async () => {
    const scale = {
      component_ref: 'file:///nowhere/x.wasm',
      component_id: 'broken',
      count: 2,
      host_id: host.id,
    }
    assert.deepEqual(await ask(`component.scale.${host.id}`, scale), ok(''))
    const failed = (await event('component_scale_failed')) as Record<string, unknown>
    assert.match(String(failed['error']), /nowhere\/x\.wasm/)
    assert.deepEqual(
      { ...failed, error: '' },
      {
        annotations: {},
        component_id: 'broken',
        host_id: host.id,
        image_ref: 'file:///nowhere/x.wasm',
        max_instances: 2,
        error: '',
      },
    )
    await ask(`component.scale.${host.id}`, { ...scale, component_ref: calc, config: ['missing'] })
    const unconfigured = (await event('component_scale_failed')) as Record<string, unknown>
    assert.match(String(unconfigured['error']), /Config missing does not exist/)
  })

  test('a provider starts and stops', async () => {
    const start = {
      provider_id: 'kv',
      provider_ref: 'wasmcloud+builtin://keyvalue-nats',
      host_id: host.id,
      config: [],
      annotations: { a: 'b' },
    }
    const image_ref = start.provider_ref
    assert.deepEqual(await ask(`provider.start.${host.id}`, start), ok('successfully started provider'))
    assert.deepEqual(await event('provider_started'), {
      host_id: host.id,
      image_ref,
      provider_id: 'kv',
      annotations: { a: 'b' },
    })
    assert.deepEqual(
      await ask(`provider.start.${host.id}`, start),
      no('provider with that ID is already running'),
    )
    const { response } = (await ask(`host.get.${host.id}`)) as { response: { providers: unknown } }
    assert.deepEqual(response.providers, [{ id: 'kv', image_ref, revision: 0, annotations: { a: 'b' } }])
    const stop = { host_id: host.id, provider_id: 'kv' }
    assert.deepEqual(await ask(`provider.stop.${host.id}`, stop), ok('successfully stopped provider'))
    assert.deepEqual(await event('provider_stopped'), {
      host_id: host.id,
      provider_id: 'kv',
      annotations: { a: 'b' },
      reason: 'stop',
      instance_id: 'kv',
      public_key: 'kv',
      link_name: 'default',
    })
    const again = { host_id: host.id, provider_ref: 'kv' }
    assert.deepEqual(await ask(`provider.stop.${host.id}`, again), no('provider with that ID is not running'))
    await ask(`provider.start.${host.id}`, { provider_id: 'bad', provider_ref: 'file:///nowhere/p.par.gz' })
    const failed = (await event('provider_start_failed')) as Record<string, unknown>
    assert.deepEqual(
      { ...failed, error: typeof failed['error'] },
      {
        provider_ref: 'file:///nowhere/p.par.gz',
        provider_id: 'bad',
        host_id: host.id,
        error: 'string',
        link_name: 'default',
      },
    )
  })

  test('labels', async () => {
    assert.deepEqual(
      await ask(`label.put.${host.id}`, { key: 'HostCore.x', value: 'v' }),
      no('hostcore.* labels cannot be set dynamically'),
    )
    assert.deepEqual(
      await ask(`label.put.${host.id}`, { key: 'disk', value: 'ssd' }),
      ok('successfully put label'),
    )
    const changed = (await event('labels_changed')) as { labels: Record<string, string> }
    assert.equal(changed.labels['disk'], 'ssd')
    assert.deepEqual(await ask(`label.del.${host.id}`, { key: 'disk' }), ok('successfully deleted label'))
    await event('labels_changed')
    assert.deepEqual(
      await ask(`label.del.${host.id}`, { key: 'disk' }),
      ok('successfully deleted label (no such label)'),
    )
  })

  test('config', async () => {
    assert.deepEqual(await ask('config.put.redis-url', { url: 'redis://x' }), ok('successfully put config'))
    assert.deepEqual(await event('config_set'), { config_name: 'redis-url' })
    assert.deepEqual(await entry('CONFIGDATA_default', 'redis-url'), { url: 'redis://x' })
    assert.deepEqual(await ask('config.get.redis-url'), ok('', { url: 'redis://x' }))
    assert.deepEqual(await ask('config.get.none'), ok('Configuration not found'))
    assert.deepEqual(
      await ask('config.put.redis-url', { url: 7 }),
      no('config data should be a map of string -> string'),
    )
    assert.deepEqual(await ask('config.get.a.b'), no('unsupported subject'))
    assert.deepEqual(await ask('config.del.redis-url'), ok('successfully deleted config'))
    assert.deepEqual(await event('config_deleted'), { config_name: 'redis-url' })
    assert.equal(await entry('CONFIGDATA_default', 'redis-url'), undefined)
  })

  test('links', async () => {
    const link = {
      source_id: 'hello',
      target: 'kvredis',
      name: 'default',
      wit_namespace: 'wasi',
      wit_package: 'keyvalue',
      interfaces: ['atomics', 'store'],
      source_config: [],
      target_config: ['redis-url'],
    }
    const missing =
      'Failed to validate configuration and secrets. Configuration redis-url not found in config store. '
    assert.deepEqual(await ask('link.put', link), no(missing))
    assert.deepEqual(await event('linkdef_set_failed'), { ...link, error: missing })
    await ask('config.put.redis-url', { url: 'redis://x' })
    const told = lattice.connection.subscribe('wasmbus.rpc.default.*.linkdefs.*')
    await lattice.connection.flush()
    assert.deepEqual(await ask('link.put', link), ok('successfully set link'))
    assert.deepEqual(await event('linkdef_set'), link)
    const resolved = { ...link, source_config: {}, target_config: { url: 'redis://x' } }
    const put: [string, unknown][] = []
    for await (const message of told) {
      put.push([message.subject, message.json()])
      if (put.length === 2) break
    }
    assert.deepEqual(
      put.map(([subject, body]) => [
        subject,
        { ...(body as object), source_secrets: null, target_secrets: null },
      ]),
      ['hello', 'kvredis'].map((end) => [
        `wasmbus.rpc.default.${end}.linkdefs.put`,
        { ...resolved, source_secrets: null, target_secrets: null },
      ]),
    )
    assert.deepEqual(
      await ask('link.put', { ...link, target: 'another', target_config: [] }),
      no(
        'link already exists with different target, consider deleting the existing link or using a different link name',
      ),
    )
    const spec = (await entry('LATTICEDATA_default', 'COMPONENT_hello')) as { links: unknown }
    assert.deepEqual(spec.links, [link])
    assert.deepEqual(await ask('link.get'), ok('', [link]))
    const { target, interfaces, source_config, target_config, ...key } = link
    assert.deepEqual(await ask('link.del', key), ok('successfully deleted link'))
    assert.deepEqual(await event('linkdef_deleted'), { ...key, target, interfaces })
    assert.deepEqual(await ask('link.del', key), ok('successfully deleted link'))
    assert.deepEqual(await event('linkdef_deleted'), key)
    assert.deepEqual(
      await ask('link.del', { ...key, source_id: 'nobody' }),
      ok("successfully deleted link (spec doesn't exist)"),
    )
  })

  test('claims and registries', async () => {
    assert.deepEqual(await ask('claims.get'), ok('', []))
    const credentials = { 'ghcr.io': { username: 'u', password: 'p', registryType: 'oci' } }
    assert.deepEqual(await ask('registry.put', credentials), ok('successfully put registries'))
  })

  test('what cannot be read is answered with the words of a Rust host', async () => {
    const words: readonly (readonly [string, string])[] = [
      ['component.auction', 'component auction command'],
      ['provider.auction', 'provider auction command'],
      [`component.scale.${host.id}`, 'component scale command'],
      [`component.update.${host.id}`, 'component update command'],
      [`provider.start.${host.id}`, 'provider start command'],
      [`provider.stop.${host.id}`, 'provider stop command'],
      [`host.stop.${host.id}`, 'stop command'],
      [`label.put.${host.id}`, 'put label request'],
      [`label.del.${host.id}`, 'delete label request'],
      ['link.put', 'wrpc link definition'],
      ['link.del', 'wrpc link definition'],
      ['registry.put', 'registries put command'],
    ]
    for (const [tail, what] of words) {
      for (const body of ['{', '[]', 'null', '{"x":1']) {
        if (body === 'null' && tail === 'registry.put') continue
        assert.deepEqual(await ask(tail, body), no(`failed to deserialize ${what}`), `${tail} ${body}`)
      }
    }
    for (const tail of [
      `component.nothing.${host.id}`,
      `host.nothing.${host.id}`,
      'link.nothing',
      'config.nothing.x',
    ]) {
      assert.deepEqual(await ask(tail, '{}'), no('unsupported subject'), tail)
    }
  })

  test('a host is stopped: not by the name of another, then with an event', async () => {
    assert.deepEqual(await ask(`host.stop.${host.id}`, { host_id: 'NOTHER' }), no('invalid host_id [NOTHER]'))
    assert.deepEqual(
      await ask(`host.stop.${host.id}`, { host_id: host.id, timeout: null }),
      ok('successfully handled stop host'),
    )
    const stopped = (await event('host_stopped')) as { labels: Record<string, string> }
    assert.deepEqual(Object.keys(stopped), ['labels'])
    assert.equal(stopped.labels['zone'], 'eu')
  })
})
