import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { type Controller, startController } from '../../src/controller/controller.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { createLog } from '../../src/log.ts'
import { type FakeHost, startFakeHost } from '../controller/fake-host.ts'
import { openCli } from '../support/run-cli.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

const guest = resolve(import.meta.dirname, '..', 'guests', 'http-hello-p2', 'http-hello-p2.wasm')
const lattice = 'app'
const log = createLog(() => undefined)
let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let cli: Awaited<ReturnType<typeof openCli>>
let controller: Controller
let host: FakeHost
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-app-'))
  await copyFile(guest, join(folder, 'web.wasm'))
  nats = await startNats()
  cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_LATTICE: lattice })
  connection = await connectNats({ url: nats.url, name: 'controller' })
  host = await startFakeHost({ url: nats.url, lattice, log })
  const client = createControlClient({ connection, lattice })
  controller = await startController({ connection, lattice, client, log, settleMs: 100 })
})
after(async () => {
  await controller.stop()
  await host.kill()
  await connection.close()
  await nats.stop()
  await cli.close()
  await rm(folder, { recursive: true, force: true })
})

interface App {
  readonly version?: string
  readonly instances?: number
  readonly zone?: string
}

/** Writes a manifest of an application with one component; gives the path. */
async function manifest(name: string, { version, instances = 1, zone }: App = {}): Promise<string> {
  const file = join(folder, `${name}.yaml`)
  const spread = zone === undefined ? '' : `, spread: [{ name: there, requirements: { zone: ${zone} } }]`
  const annotations = version === undefined ? '{}' : `{ version: ${version} }`
  await writeFile(
    file,
    `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: ${name}, annotations: ${annotations} }
spec:
  components:
    - name: web
      type: component
      properties: { image: ./web.wasm }
      traits: [{ type: spreadscaler, properties: { instances: ${instances}${spread} } }]
`,
  )
  return file
}

test('validate tells what is in a good manifest and sends nothing', async () => {
  const file = await manifest('checked')
  const { code, out } = await cli.run('app', 'validate', file, '--nats-url', 'nats://127.0.0.1:1')
  assert.equal(code, 0)
  assert.equal(out, `${file}: application checked with 1 components is valid\n`)
})

test('deploy waits until it runs, with a line for each change and file references made absolute', async () => {
  const { code, out, err } = await cli.run('app', 'deploy', await manifest('shop', { instances: 3 }))
  assert.equal(code, 0, err)
  assert.match(out, /^shop \w+: deployed\n$/)
  assert.match(err, /^ {2}✓ web on \S+$/m)
  const running = host.components.get('shop-web')
  assert.equal(running?.max_instances, 3)
  assert.equal(running?.image_ref, `file://${join(folder, 'web.wasm')}`)
  const status = await cli.run('app', 'status', 'shop')
  assert.match(status.out, /^shop \w+: deployed$/m)
  assert.match(status.out, /^spread +web +deployed$/m)
})

test('the same content again deploys the version that is stored', async () => {
  const file = await manifest('again')
  const first = await cli.run('app', 'deploy', file)
  const second = await cli.run('app', 'deploy', file)
  assert.deepEqual([second.code, second.out], [0, first.out])
  const changed = await cli.run('app', 'deploy', await manifest('again', { instances: 2 }))
  assert.equal(changed.code, 0)
  assert.notEqual(changed.out, first.out)
})

test('a version that is stored with another content is not overwritten: how to go on is said', async () => {
  assert.equal((await cli.run('app', 'deploy', await manifest('fixed', { version: 'v1' }))).code, 0)
  assert.equal((await cli.run('app', 'deploy', await manifest('fixed', { version: 'v1' }))).code, 0)
  const { code, err } = await cli.run(
    'app',
    'deploy',
    await manifest('fixed', { version: 'v1', instances: 2 }),
  )
  assert.equal(code, 2)
  assert.match(err, /fixed v1 is stored already with another content.*change metadata\.annotations\.version/)
  assert.equal(host.components.get('fixed-web')?.max_instances, 1)
  const next = await cli.run('app', 'deploy', await manifest('fixed', { version: 'v2', instances: 2 }))
  assert.deepEqual([next.code, next.out], [0, 'fixed v2: deployed\n'])
})

test('a part that waits is told with the reason, and time out is a failure', async () => {
  const file = await manifest('far', { zone: 'mars' })
  const { code, out, err } = await cli.run('app', 'deploy', file, '--timeout', '1s')
  assert.equal(code, 1)
  assert.match(out, /^far \w+: waiting\n$/)
  assert.match(err, /^ {2}… web: waiting: .*zone/m)
  assert.match(err, /^weft: spread web: waiting: .*zone/m)
})

test('what keeps failing ends the wait long before the time is out', async () => {
  host.failWith('broken-web', 'the oven is cold')
  const begun = performance.now()
  const { code, out, err } = await cli.run('app', 'deploy', await manifest('broken'), '--timeout', '60s')
  assert.ok(performance.now() - begun < 20_000)
  assert.equal(code, 1)
  assert.match(out, /^broken \w+: failed\n$/)
  assert.match(err, /^weft: spread web: failed, the oven is cold \(tried \w+/m)
})

test('--no-wait comes back at once with the state so far', async () => {
  const { code, out } = await cli.run('app', 'deploy', await manifest('quick', { zone: 'mars' }), '--no-wait')
  assert.equal(code, 0)
  assert.match(out, /^quick \w+: (reconciling|waiting)\n$/)
})

test('Ctrl-C ends the wait, and what is missing is told', async () => {
  const deploy = cli.begin('app', 'deploy', await manifest('halt', { zone: 'mars' }))
  await until(() => deploy.output().includes('… web: waiting'))
  deploy.interrupt()
  const { code, err } = await deploy.ended
  assert.equal(code, 1)
  assert.match(err, /^weft: spread web: waiting/m)
})

test('validate as JSON has every problem with its place, and the exit code tells', async () => {
  const good = JSON.parse(
    (await cli.run('app', 'validate', await manifest('fine'), '-o', 'json')).out,
  ) as object
  assert.deepEqual(good, { valid: true, name: 'fine', components: 1, problems: [], warnings: [] })
  const file = join(folder, 'two-mistakes.yaml')
  await writeFile(
    file,
    'apiVersion: v1\nknid: Application\nmetadata: { name: x, annotations: {} }\nspec: {}\n',
  )
  const { code, out } = await cli.run('app', 'validate', file, '-o', 'json')
  assert.equal(code, 2)
  const { valid, problems } = JSON.parse(out) as { valid: boolean; problems: { line: number }[] }
  assert.equal(valid, false)
  assert.deepEqual(problems[0], {
    file,
    line: 1,
    column: 13,
    message: 'apiVersion is "v1", expected core.oam.dev/v1beta1',
  })
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1, 2, 4],
  )
})

test('a file that is not there is told together with what else is wrong', async () => {
  const file = await manifest('both')
  const text = (await readFile(file, 'utf8'))
    .replace('./web.wasm', './nowhere.wasm')
    .replace('kind:', 'knid:')
  await writeFile(file, text)
  const { code, err } = await cli.run('app', 'validate', file)
  assert.equal(code, 2)
  assert.match(
    err,
    /^weft: 2 problems\n.*both\.yaml:2:1: .*"knid".*\n.*both\.yaml:8:28: .*nowhere\.wasm.*\n$/,
  )
})

test('schema prints the JSON Schema of manifests', async () => {
  const { code, out } = await cli.run('app', 'schema')
  assert.equal(code, 0)
  const { $schema, definitions } = JSON.parse(out) as { $schema: string; definitions: object }
  assert.equal($schema, 'http://json-schema.org/draft-07/schema#')
  assert.ok('spreadscaler' in definitions)
})

test('a manifest with a mistake is refused with exit code 2 and nothing is sent', async () => {
  const file = join(folder, 'bad.yaml')
  await writeFile(file, 'apiVersion: core.oam.dev/v1beta1\nknid: Application\n')
  for (const deed of ['validate', 'deploy']) {
    const { code, err } = await cli.run('app', deed, file)
    assert.equal(code, 2)
    assert.match(err, /bad\.yaml:2:1: .*"knid".*did you mean "kind"/)
  }
  const { out } = await cli.run('app', 'list')
  assert.doesNotMatch(out, /^bad /m)
})

test('list shows each application with its versions and status', async () => {
  await cli.run('app', 'deploy', await manifest('listed', { version: 'v1' }))
  const { code, out } = await cli.run('app', 'list')
  assert.equal(code, 0)
  assert.match(out, /^listed +v1 +v1 +deployed$/m)
  const found = JSON.parse((await cli.run('app', 'list', '-o', 'json')).out) as { name: string }[]
  assert.ok(found.some(({ name }) => name === 'listed'))
})

test('undeploy stops it and keeps the manifest, delete takes that too', async () => {
  await cli.run('app', 'deploy', await manifest('gone', { version: 'v1' }))
  const undeployed = await cli.run('app', 'undeploy', 'gone')
  assert.deepEqual([undeployed.code, undeployed.out], [0, 'gone is undeployed\n'])
  assert.ok(!host.components.has('gone-web'), 'it waits until nothing of it runs')
  assert.match((await cli.run('app', 'list')).out, /^gone +v1 +- +undeployed$/m)
  const deleted = await cli.run('app', 'delete', 'gone', '-o', 'json')
  assert.deepEqual([deleted.code, JSON.parse(deleted.out)], [0, { name: 'gone', state: 'deleted' }])
  assert.doesNotMatch((await cli.run('app', 'list')).out, /^gone /m)
})

test('delete stops what runs before it takes the manifest', async () => {
  await cli.run('app', 'deploy', await manifest('whole', { version: 'v1' }))
  const deleted = await cli.run('app', 'delete', 'whole')
  assert.deepEqual([deleted.code, deleted.out], [0, 'whole is deleted\n'])
  assert.ok(!host.components.has('whole-web'))
})

test('diff tells what a deploy would change, history what was deployed, rollback goes back', async () => {
  const first = await manifest('turn', { version: 'v1', instances: 1 })
  assert.match((await cli.run('app', 'diff', first)).out, /^\+ component web\n {4}image: file:.*web\.wasm\n/m)
  await cli.run('app', 'deploy', first)
  assert.equal((await cli.run('app', 'diff', first)).out, 'turn: a deploy would change nothing\n')
  const second = await manifest('turn', { version: 'v2', instances: 3 })
  const shown = await cli.run('app', 'diff', second)
  assert.deepEqual([shown.code, shown.out], [0, '~ component web\n    scaler.instances: 1 → 3\n'])
  await cli.run('app', 'deploy', second)
  assert.equal(host.components.get('turn-web')?.max_instances, 3)

  const back = await cli.run('app', 'rollback', 'turn')
  assert.deepEqual([back.code, back.out], [0, 'turn v1: deployed\n'])
  assert.equal(host.components.get('turn-web')?.max_instances, 1)
  const forth = await cli.run('app', 'rollback', 'turn', 'v2', '-o', 'json')
  assert.equal((JSON.parse(forth.out) as { version: string }).version, 'v2')

  const { out } = await cli.run('app', 'history', 'turn')
  assert.match(out, /^v1 +-\nv2 +now$/m)
  assert.match(out, /Z +deploy +v1 +-\n.*Z +deploy +v2 +v1\n.*Z +rollback +v1 +v2\n.*Z +rollback +v2 +v1\n/)
  const { history } = JSON.parse((await cli.run('app', 'history', 'turn', '-o', 'json')).out) as {
    history: { did: string }[]
  }
  assert.equal(history.length, 4)
  const versions = JSON.parse((await cli.run('app', 'diff', 'turn', 'v2', 'v1', '-o', 'json')).out) as object
  assert.deepEqual(versions, {
    name: 'turn',
    from: 'v2',
    to: 'v1',
    changes: [
      {
        part: 'component',
        name: 'web',
        change: 'changed',
        fields: [{ field: 'scaler.instances', before: '3', after: '1' }],
      },
    ],
  })
})

test('a version that is taken back is a failure, told with the reason', async () => {
  await cli.run('app', 'deploy', await manifest('shaky', { version: 'v1' }))
  await copyFile(guest, join(folder, 'other.wasm'))
  const file = await manifest('shaky', { version: 'v2' })
  await writeFile(file, (await readFile(file, 'utf8')).replace('./web.wasm', './other.wasm'))
  host.failWith('shaky-web', 'the oven is cold')
  const { code, out, err } = await cli.run('app', 'deploy', file)
  assert.equal(code, 1)
  assert.equal(out, 'shaky v1: rolled back from v2\n')
  assert.match(err, /^weft: v2 did not run well: shaky-web on \S+ \(N\w{7}\): the oven is cold$/m)
  assert.match(host.components.get('shaky-web')?.image_ref ?? '', /web\.wasm$/)
})

test('a rollback without anything before it is refused', async () => {
  await cli.run('app', 'deploy', await manifest('lonely', { version: 'v1' }))
  const { code, err } = await cli.run('app', 'rollback', 'lonely')
  assert.equal(code, 2)
  assert.match(err, /lonely has no version that ran before/)
})

test('an application that is not there is a failure in one line', async () => {
  for (const deed of ['status', 'undeploy', 'delete']) {
    const { code, err } = await cli.run('app', deed, 'nobody')
    assert.equal(code, 1, deed)
    assert.match(err, /^weft: .*nobody.*\n$/)
    assert.equal(err.trim().split('\n').length, 1)
  }
})

test('a name that no application can have is bad input', async () => {
  for (const name of ['a.b', 'a b', '>']) {
    const { code, err } = await cli.run('app', 'status', name)
    assert.equal(code, 2)
    assert.match(err, /^weft: application name ".*" must be one NATS token/)
  }
  assert.match((await cli.run('app', 'status')).err, /weft app status: expected the name of an application/)
  assert.match((await cli.run('app', 'deploy')).err, /weft app deploy: expected a manifest file/)
})

test('a lattice without a controller is told as such', async () => {
  const { code, err } = await cli.run('app', 'list', '--lattice', 'headless')
  assert.equal(code, 1)
  assert.match(err, /^weft: no controller answers in lattice headless: .*\n$/)
})
