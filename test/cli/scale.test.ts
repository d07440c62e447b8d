import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { NatsConnection } from 'nats'
import { connectNats } from '../../src/lattice/connect.ts'
import type { ScaleRequest } from '../../src/lattice/control.ts'
import { createEventPublisher } from '../../src/lattice/events.ts'
import type { ComponentDescription, HostInventory } from '../../src/lattice/inventory.ts'
import { createLog } from '../../src/log.ts'
import { type FakeHost, startFakeHost } from '../lattice/fake-host.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

interface ScalingHost {
  readonly id: string
  readonly name: string
  readonly requests: ScaleRequest[]
  /** What it does with a request: does it, fails with a word, refuses, or stays silent. */
  behaviour: 'does it' | 'fails' | 'refuses' | 'is silent'
  components: readonly ComponentDescription[]
}

let nats: NatsServer
let connection: NatsConnection
let cli: Awaited<ReturnType<typeof openCli>>
let fakes: readonly FakeHost[]
let first: ScalingHost
let second: ScalingHost
const log = createLog(() => undefined)
const lattice = 'scale'

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'hosts' })
  cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_LATTICE: lattice })
  const started = [await startHost(), await startHost()]
  fakes = started.map(([fake]) => fake)
  const hosts = started.map(([, host]) => host).toSorted((a, b) => a.name.localeCompare(b.name))
  const [one, two] = hosts
  assert.ok(one && two)
  first = one
  second = two
})
after(async () => {
  for (const fake of fakes) await fake.stop()
  await connection.close()
  await nats.stop()
  await cli.close()
})
beforeEach(() => {
  for (const host of [first, second]) {
    host.requests.length = 0
    host.behaviour = 'does it'
    host.components = []
  }
})

async function startHost(): Promise<readonly [FakeHost, ScalingHost]> {
  const fake: FakeHost = await startFakeHost({
    connection,
    lattice,
    log,
    handlers: {
      inventory: (): HostInventory => ({ ...fake.inventory, components: host.components }),
      scaleComponent(request) {
        host.requests.push(request)
        if (host.behaviour === 'refuses') return { success: false, message: 'not today' }
        const { component_id, component_ref: image_ref, count: max_instances, annotations } = request
        const told = { component_id, image_ref, max_instances, annotations, host_id: fake.id }
        const publish = createEventPublisher(connection, lattice, fake.id)
        setImmediate(() => {
          // Somebody else's scale of the same component is not the answer.
          publish('component_scaled', { ...told, max_instances: max_instances + 1 })
          if (host.behaviour === 'does it') publish('component_scaled', told)
          if (host.behaviour === 'fails')
            publish('component_scale_failed', { ...told, error: 'no such file' })
        })
        return { success: true, message: '' }
      },
    },
  })
  const { id, summary } = fake
  const host: ScalingHost = {
    id,
    name: summary.friendly_name,
    requests: [],
    behaviour: 'does it',
    components: [],
  }
  return [fake, host]
}

const hello = {
  id: 'hello',
  image_ref: 'file:///hello.wasm',
  annotations: { 'wasmcloud.dev/appspec': 'shop', note: 'mine' },
  revision: 0,
  max_instances: 3,
  config: ['hello-config'],
  limits: { max_memory_limit: '64MB' },
}

test('a running component is scaled where it runs, and keeps ref, annotations, config and limits', async () => {
  second.components = [hello]
  const { code, out, err } = await cli.run('scale', 'hello', '7')
  assert.equal(code, 0)
  assert.equal(out, `${second.name}: hello at 7\n`)
  assert.match(err, /^note: hello belongs to application shop: its controller sets it back/)
  assert.deepEqual(first.requests, [])
  assert.deepEqual(second.requests, [
    {
      component_ref: hello.image_ref,
      component_id: 'hello',
      annotations: hello.annotations,
      count: 7,
      host_id: second.id,
      config: ['hello-config'],
      allow_update: false,
      component_limits: hello.limits,
    },
  ])
})

test('--all-hosts scales on every host as where it runs, --config replaces its config', async () => {
  first.components = [hello]
  const { code, out } = await cli.run('scale', 'hello', '2', '--all-hosts', '--config', 'a', '--config', 'b')
  assert.equal(code, 0)
  assert.equal(out, `${first.name}: hello at 2\n${second.name}: hello at 2\n`)
  for (const host of [first, second]) {
    assert.deepEqual(host.requests[0]?.config, ['a', 'b'])
    assert.deepEqual(host.requests[0]?.annotations, hello.annotations)
  }
})

test('a component that runs nowhere starts from --ref on one host, a path made absolute', async () => {
  const { code } = await cli.run('scale', 'new', '1', '--ref', 'some/new.wasm')
  assert.equal(code, 0)
  const asked = [...first.requests, ...second.requests]
  assert.equal(asked.length, 1)
  assert.equal(asked[0]?.component_ref, pathToFileURL(resolve('some/new.wasm')).href)
  assert.equal(asked[0]?.allow_update, true)
  const refs = [
    ['file://./x.wasm', pathToFileURL(resolve('x.wasm')).href],
    ['file:///srv/x.wasm', 'file:///srv/x.wasm'],
    ['/srv/x.wasm', 'file:///srv/x.wasm'],
    ['ghcr.io/weft/hello:0.1.0', 'ghcr.io/weft/hello:0.1.0'],
  ] as const
  for (const [given, sent] of refs) {
    await cli.run('scale', 'new', '1', '--host', first.name, '--ref', given)
    assert.equal(first.requests.at(-1)?.component_ref, sent)
  }
})

test('a component that runs nowhere and has no --ref: what to do, or the name that was meant', async () => {
  first.components = [hello]
  const start = await cli.run('scale', 'fresh', '1')
  assert.equal(start.code, 2)
  assert.equal(
    start.err,
    'weft: fresh runs on no host; to start it, say which component it is with --ref FILE\n',
  )
  const typo = await cli.run('scale', 'helo', '0')
  assert.deepEqual([typo.code, typo.err], [1, 'weft: helo runs on no host; did you mean hello?\n'])
  const elsewhere = await cli.run('scale', 'hello', '0', '--host', second.name)
  assert.equal(elsewhere.code, 1)
  assert.equal(elsewhere.err, `weft: hello does not run on ${second.name}; it runs on ${first.name}\n`)
})

test('0 with --all-hosts asks only those that run it', async () => {
  first.components = [hello]
  assert.equal((await cli.run('scale', 'hello', '0', '--all-hosts')).out, `${first.name}: hello at 0\n`)
  assert.deepEqual(second.requests, [])
})

test('what one host fails or refuses is told with its words, the other one goes on; exit code 1', async () => {
  first.components = [hello]
  second.components = [hello]
  for (const [behaviour, words] of [
    ['fails', 'no such file'],
    ['refuses', 'not today'],
  ] as const) {
    first.behaviour = behaviour
    const { code, out, err } = await cli.run('scale', 'hello', '4')
    assert.equal(code, 1)
    assert.equal(out, `${second.name}: hello at 4\n`)
    assert.ok(err.endsWith(`weft: ${first.name}: ${words}\n`), err)
    const json = await cli.run('scale', 'hello', '4', '-o', 'json')
    const about = { max_instances: 4 }
    assert.deepEqual(JSON.parse(json.out), [
      { host: first.name, host_id: first.id, ...about, error: words },
      { host: second.name, host_id: second.id, ...about },
    ])
  }
})

test('a host that does not tell how it went ends the wait, and so does Ctrl-C', async () => {
  first.components = [hello]
  first.behaviour = 'is silent'
  const late = await cli.run('scale', 'hello', '4', '--timeout', '200ms')
  assert.equal(late.code, 1)
  assert.match(late.err, /did not tell within 200 ms how it went\n$/)
  const waiting = cli.begin('scale', 'hello', '4')
  await until(() => first.requests.length === 2)
  waiting.interrupt()
  const { code, err } = await waiting.ended
  assert.equal(code, 1)
  assert.match(err, /interrupted; the host goes on with it\n$/)
})

test('bad input is refused before anything is sent', async () => {
  const cases = [
    [['scale'], /expected COMPONENT COUNT/],
    [['scale', 'hello'], /COUNT: expected a whole number up to 4294967295, got/],
    [['scale', 'hello', '-1'], /./],
    [['scale', 'hello', '1.5'], /COUNT: expected a whole number/],
    [['scale', 'hello', '4294967296'], /COUNT: expected a whole number/],
    [['scale', 'a.b', '1'], /component "a\.b" must be one NATS token/],
    [['scale', 'hello', '1', '--timeout', '5'], /--timeout: expected a duration such as 500ms/],
    [['scale', 'hello', '1', '--ref', 'x.wasm', '--host', 'nobody-there'], /there is no host nobody-there/],
  ] as const
  for (const [args, message] of cases) {
    const { code, err } = await cli.run(...args)
    assert.equal(code, 2, `${args.join(' ')}: ${err}`)
    assert.match(err, message)
  }
  assert.deepEqual([...first.requests, ...second.requests], [])
})

test('a lattice without hosts is a failure', async () => {
  const { code, err } = await cli.run('scale', 'hello', '1', '--lattice', 'empty')
  assert.deepEqual([code, err], [1, 'weft: no host answers in this lattice\n'])
})
