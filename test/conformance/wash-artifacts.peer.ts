import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { findRegistry, startRegistry, type TestRegistry } from '../support/start-registry.ts'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, type RunningWeft, root } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { runProgram } from './run-program.ts'
import { textAt } from './text-at.ts'

const program = findPeer('wash', 'build it with `node test/conformance/build.ts wash`')
const provider = findPeer(
  'http-server-provider',
  'build it with `node test/conformance/build.ts provider-rust`',
)
const registryProgram = await findRegistry()

describe('what wash makes, Weft runs; what Weft makes, wash reads', { skip: program.skip }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let registry: TestRegistry | undefined
  let up: RunningWeft
  let env: NodeJS.ProcessEnv
  const file = (name: string) => join(place.folder, name)

  before(async () => {
    place = await openWorkplace()
    await mkdir(file('home'))
    for (const id of ['gateway', 'greeter'])
      await copyFile(join(root, `manifests/chain/${id}/${id}.wasm`), file(`${id}.wasm`))
    registry = registryProgram === undefined ? undefined : await startRegistry(registryProgram, 'open')
    const insecure = registry ? ['--allowed-insecure', registry.host] : []
    up = place.start(['up', '--port', '0', '--threads', '1', '--require-signed', ...insecure])
    await up.seen(/weft is up/)
    const port = String(/nats:\/\/127\.0\.0\.1:(\d+)/.exec(up.output())?.[1])
    env = { ...place.env, HOME: file('home'), WASMCLOUD_CTL_PORT: port }
    await runProgram(program.path, ['--version'], env)
  })
  after(async () => {
    await place?.close()
    await registry?.stop()
  })

  // biome-ignore lint/suspicious/noExplicitAny: what another program prints
  const wash = async (...args: readonly string[]): Promise<any> => {
    const { out, err } = await runProgram(program.path, [...args, '-o', 'json'], env)
    const text = out + err
    const start = text.indexOf('{')
    assert.ok(start >= 0, `wash ${args.join(' ')}: ${text}`)
    return JSON.parse(text.slice(start, text.lastIndexOf('}') + 1))
  }
  const weft = async (...args: readonly string[]) => {
    const { code, out, err } = await place.run(args)
    assert.equal(code, 0, `weft ${args.join(' ')}: ${err}\n${up.output().slice(-2000)}`)
    return out
  }

  test('wash reads the claims that weft signs', async () => {
    const said = await weft('sign', file('gateway.wasm'))
    const { component, account, name, can_be_used } = await wash('inspect', file('gateway_s.wasm'))
    assert.deepEqual([name, can_be_used], ['gateway', 'immediately'])
    assert.ok(said.includes(component) && said.includes(account))
  })

  test('Weft runs what wash has signed, and shows its claims to wash', async () => {
    const signing = [
      '--name',
      'Greeter',
      '--rev',
      '3',
      '--ver',
      '1.2.3',
      '--destination',
      file('greeter_s.wasm'),
    ]
    assert.equal((await wash('claims', 'sign', file('greeter.wasm'), ...signing)).success, true)
    const refused = await place.run(['scale', 'unsigned', '1', '--ref', file('greeter.wasm')])
    assert.notEqual(refused.code, 0)
    await weft('scale', 'greeter', '5', '--ref', file('greeter_s.wasm'))
    const { claims } = await wash('get', 'claims')
    assert.deepEqual(
      claims.map((one: Record<string, string>) => [
        one['name'],
        one['rev'] ?? one['revision'],
        one['version'],
      ]),
      [['Greeter', '3', '1.2.3']],
    )
    const [{ components }] = (await wash('get', 'inventory')).inventories
    assert.deepEqual([components[0].name, components[0].revision], ['Greeter', 3])
  })

  test('Weft runs a provider archive that wash has made', { skip: provider.skip }, async () => {
    const archive = file('web.par.gz')
    const made = ['--vendor', 'acme', '--name', 'Web', '--binary', provider.path, '--destination', archive]
    assert.equal((await wash('par', 'create', ...made, '--compress', '--revision', '2')).success, true)
    const address = `127.0.0.1:${await freePort()}`
    await weft('config', 'put', 'web', `address=${address}`)
    await weft('scale', 'gateway', '5', '--ref', file('gateway_s.wasm'))
    await weft('link', 'put', 'gateway', 'greeter', 'weft-example:greetings/greeter')
    const started = await wash('start', 'provider', pathToFileURL(archive).href, 'web')
    assert.equal(started.success, true, JSON.stringify(started))
    await weft('link', 'put', 'web', 'gateway', 'wasi:http/incoming-handler', '--source-config', 'web')
    assert.match(await until(() => textAt(`http://${address}/?name=Ada`), { timeoutMs: 30_000 }), /Hello Ada/)
    const [{ providers }] = (await wash('get', 'inventory')).inventories
    assert.deepEqual([providers[0].id, providers[0].name, providers[0].revision], ['web', 'Web', 2])
  })

  const skip = registryProgram === undefined && 'no docker-registry'
  test('one registry for both: what one pushes the other pulls, and Weft runs it', { skip }, async () => {
    const ref = (name: string) => `${registry?.host}/conformance/${name}:1.0.0`
    const pushed = await wash('push', ref('by-wash'), file('greeter_s.wasm'), '--insecure')
    assert.equal(pushed.success, true, JSON.stringify(pushed))
    await weft('pull', ref('by-wash'), '--to', file('pulled-by-weft.wasm'), '--insecure')
    await weft('push', ref('by-weft'), file('greeter_s.wasm'), '--insecure')
    const pulled = ['--destination', file('pulled-by-wash.wasm'), '--insecure']
    assert.equal((await wash('pull', ref('by-weft'), ...pulled)).success, true)
    const bytes = await readFile(file('greeter_s.wasm'))
    for (const name of ['pulled-by-weft.wasm', 'pulled-by-wash.wasm'])
      assert.ok(bytes.equals(await readFile(file(name))), name)
    await weft('scale', 'from-registry', '1', '--ref', ref('by-wash'))
  })

  test('wash secrets put, get, del', async () => {
    const put = await wash('secrets', 'put', 'token', 'nats-kv', 'path/to/token', '--version', '1')
    assert.equal(put.success, true, JSON.stringify(put))
    assert.match(await weft('get', 'config', 'SECRET_token'), /path\/to\/token/)
    const got = JSON.stringify(await wash('secrets', 'get', 'token'))
    assert.match(got, /nats-kv/)
    assert.equal((await wash('secrets', 'del', 'token')).success, true)
    assert.notEqual((await place.run(['get', 'config', 'SECRET_token'])).code, 0)
  })
})
