import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, type RunningWeft, root } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { runProgram } from './run-program.ts'
import { textAt } from './text-at.ts'

const program = findPeer('wash', 'build it with `node test/conformance/build.ts wash`')
const gateway = `file://${join(root, 'manifests/chain/gateway/gateway.wasm')}`
const greeter = `file://${join(root, 'manifests/chain/greeter/greeter.wasm')}`

describe('wash drives a lattice of two Weft hosts', { skip: program.skip }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let up: RunningWeft
  let env: NodeJS.ProcessEnv
  let url: string
  let first: string
  let second: string

  before(async () => {
    place = await openWorkplace()
    up = place.start(['up', '--port', '0', '--threads', '1'])
    await up.seen(/weft is up/)
    const other = place.start(['host', '--threads', '1', '--label', 'zone=eu'])
    await other.seen(/has joined lattice default/)
    const port = String(/nats:\/\/127\.0\.0\.1:(\d+)/.exec(up.output())?.[1])
    const home = join(place.folder, 'home')
    await mkdir(home)
    env = { ...place.env, HOME: home, WASMCLOUD_CTL_PORT: port, WASMCLOUD_RPC_PORT: port }
    // The first run of wash greets.
    await runProgram(program.path, ['--version'], env)
    const { hosts } = await wash('get', 'hosts')
    const byZone = (zone: unknown) =>
      hosts.find((host: { labels: Record<string, string> }) => host.labels['zone'] === zone).id
    first = byZone(undefined)
    second = byZone('eu')
    url = `127.0.0.1:${await freePort()}`
  })
  after(() => place?.close())

  /** Runs `wash …args -o json`; gives the JSON that it printed, whatever its exit code. */
  // biome-ignore lint/suspicious/noExplicitAny: what another program prints
  const wash = async (...args: readonly string[]): Promise<any> => {
    const ran = await runProgram(program.path, [...args, '-o', 'json'], env)
    // Errors go to stderr.
    const text = ran.out + ran.err
    const start = text.indexOf('{')
    assert.ok(start >= 0, `wash ${args.join(' ')}: ${ran.code}\n${ran.out}\n${ran.err}`)
    try {
      return JSON.parse(text.slice(start, text.lastIndexOf('}') + 1))
    } catch {
      throw new Error(`wash ${args.join(' ')} printed no JSON: ${ran.out}`)
    }
  }
  const ok = async (...args: readonly string[]) => {
    const answer = await wash(...args)
    assert.equal(answer.success, true, `wash ${args.join(' ')}: ${answer.error}`)
    return answer
  }
  const inventoryOf = async (host: string) => (await ok('get', 'inventory', host)).inventories[0]
  const maxInstances = async (host: string, id: string) =>
    (await inventoryOf(host)).components.find((one: { id: string }) => one.id === id)?.max_instances

  test('get hosts: both, with labels and version', async () => {
    const { hosts } = await ok('get', 'hosts')
    assert.deepEqual(new Set(hosts.map((host: { id: string }) => host.id)), new Set([first, second]))
    for (const host of hosts) {
      assert.equal(host.lattice, 'default')
      assert.equal(host.labels['hostcore.os'], 'linux')
      assert.match(host.version, /^\d+\.\d+\.\d+/)
    }
  })

  test('config put, get, del', async () => {
    await ok('config', 'put', 'web', `address=${url}`, 'other=a b')
    assert.deepEqual(await wash('config', 'get', 'web'), { address: url, other: 'a b' })
    await ok('config', 'put', 'gone', 'a=b')
    await ok('config', 'del', 'gone')
    assert.match((await wash('config', 'get', 'gone')).error, /No configuration found/)
  })

  test('start component: by auction, and on a host', async () => {
    const started = await ok('start', 'component', gateway, 'gateway', '--max-instances', '5')
    assert.ok([first, second].includes(started.host_id))
    assert.equal(await maxInstances(started.host_id, 'gateway'), 5)
    const placed = await ok('start', 'component', greeter, 'greeter', '--host-id', second)
    assert.equal(placed.host_id, second)
    assert.equal((await inventoryOf(first)).components.length, started.host_id === first ? 1 : 0)
  })

  test('start component: a file that is not there, with its reason', async () => {
    const answer = await wash('start', 'component', 'file:///nowhere.wasm', 'none', '--host-id', first)
    assert.equal(answer.success, false)
    assert.match(String(answer.error_chain), /nowhere\.wasm/)
  })

  test('start provider: a builtin one, seen to start at once', async () => {
    const start = performance.now()
    const image = 'wasmcloud+builtin://http-server'
    const started = await ok('start', 'provider', image, 'web', '--host-id', first, '--config', 'web')
    assert.equal(started.provider_id, 'web')
    assert.ok(performance.now() - start < 30_000)
    const [provider] = (await inventoryOf(first)).providers
    assert.deepEqual([provider.id, provider.image_ref], ['web', image])
    const unknown = await wash('start', 'provider', 'wasmcloud+builtin://nope', 'x', '--host-id', first)
    assert.match(String(unknown.error_chain), /there is no provider/)
  })

  test('link put, query, del; the linked components answer HTTP', async () => {
    await ok(
      'link',
      'put',
      'web',
      'gateway',
      'wasi',
      'http',
      '--interface',
      'incoming-handler',
      '--source-config',
      'web',
    )
    await ok('link', 'put', 'gateway', 'greeter', 'weft-example', 'greetings', '--interface', 'greeter')
    const { links } = await ok('link', 'query')
    assert.deepEqual(
      links.map((link: { source_id: string; target: string }) => `${link.source_id} ${link.target}`).sort(),
      ['gateway greeter', 'web gateway'],
    )
    const answer = await until(() => textAt(`http://${url}/?name=Ada`), { timeoutMs: 20_000 })
    assert.match(answer, /Hello Ada/)
    const taken = await wash(
      'link',
      'put',
      'gateway',
      'web',
      'weft-example',
      'greetings',
      '--interface',
      'greeter',
    )
    assert.equal(taken.success, false)
    await ok(
      'link',
      'put',
      'gateway',
      'web',
      'weft-example',
      'greetings',
      '--interface',
      'greeter',
      '--link-name',
      'b',
    )
    await ok('link', 'del', 'gateway', 'weft-example', 'greetings', '--link-name', 'b')
    assert.equal((await ok('get', 'links')).links.length, 2)
  })

  test('call: an HTTP request to a component, and its answer', async () => {
    const ran = await runProgram(
      program.path,
      [
        'call',
        'gateway',
        'wasi:http/incoming-handler.handle',
        '--http-host',
        'x',
        '--http-port',
        '80',
        '-o',
        'json',
      ],
      env,
    )
    assert.match(ran.out, /"status": (200|400)/, ran.out + ran.err)
  })

  test('call: what is not there is an error, soon', async () => {
    const ran = await runProgram(program.path, ['call', 'nobody', 'a:b/c.d'], env)
    assert.notEqual(ran.code, 0)
  })

  test('scale and update', async () => {
    await ok('scale', 'component', second, greeter, 'greeter', '--max-instances', '9')
    assert.equal(await maxInstances(second, 'greeter'), 9)
    const calc = `file://${join(root, 'test/guests/calc/calc.wasm')}`
    await ok('update', 'component', 'greeter', calc, '--host-id', second)
    await until(
      async () =>
        (await inventoryOf(second)).components.some((one: { image_ref: string }) => one.image_ref === calc),
      {
        timeoutMs: 20_000,
      },
    )
  })

  test('label and unlabel', async () => {
    await ok('label', second, 'disk=ssd')
    assert.equal((await inventoryOf(second)).labels['disk'], 'ssd')
    await ok('label', '--delete', second, 'disk')
    assert.equal((await inventoryOf(second)).labels['disk'], undefined)
  })

  test('get claims', async () => {
    assert.deepEqual((await ok('get', 'claims')).claims, [])
  })

  test('app validate, put, deploy, status, history, get, undeploy, del: with the controller of Weft', async () => {
    const { path, url: at } = await place.manifest('manifests/chain/app.yaml')
    assert.equal((await wash('app', 'validate', path)).valid, true)
    const put = await wash('app', 'put', path)
    assert.equal(put.model_name, 'chain')
    assert.deepEqual(
      (await ok('app', 'list')).applications.map((one: { status: string }) => one.status),
      ['undeployed'],
    )
    assert.equal((await wash('app', 'deploy', 'chain', 'v0')).success, false)
    await ok('app', 'deploy', 'chain')
    const answer = await until(() => textAt(`${at}/?name=Bob`), { timeoutMs: 30_000 })
    assert.match(answer, /Hello Bob/)
    const deployed = async () => (await ok('app', 'status', 'chain')).status.status.type === 'deployed'
    await until(deployed, { timeoutMs: 20_000 })
    assert.deepEqual((await ok('app', 'history', 'chain')).revisions, [
      { version: put.model_version, deployed: true },
    ])
    assert.equal((await ok('app', 'get', 'chain')).application.metadata.name, 'chain')
    await ok('app', 'undeploy', 'chain')
    await until(async () => (await textAt(at)) === undefined, { timeoutMs: 20_000 })
    await ok('app', 'delete', 'chain')
    assert.deepEqual((await ok('app', 'list')).applications, [])
    const broken = join(place.folder, 'broken.yaml')
    await writeFile(broken, 'apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: x}\n')
    assert.equal((await wash('app', 'put', broken)).success, false)
  })

  test('stop component, provider and host', async () => {
    const calc = await ok('stop', 'component', 'greeter', '--host-id', second)
    assert.equal(calc.component_id, 'greeter')
    assert.equal(await maxInstances(second, 'greeter'), undefined)
    await ok('stop', 'provider', 'web', '--host-id', first)
    assert.deepEqual((await inventoryOf(first)).providers, [])
    await ok('stop', 'host', second)
    await until(async () => (await ok('get', 'hosts')).hosts.length === 1, { timeoutMs: 20_000 })
  })
})
