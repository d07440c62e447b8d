import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { readApp } from '../../src/cli/read-app.ts'
import { WeftError } from '../../src/errors.ts'
import { builtinProviderNames } from '../../src/host/builtin-providers.ts'
import { importingComponent } from '../support/importing-component.ts'

const root = resolve(import.meta.dirname, '..', '..')
const guests = join(root, 'test', 'guests')
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-check-'))
  for (const guest of ['kv-p2', 'calc', 'http-hello-p2', 'http-hello-p3', 'needs-unknown'])
    await copyFile(join(guests, guest, `${guest}.wasm`), join(folder, `${guest}.wasm`))
  for (const file of ['core-module.wasm', 'not-wasm.txt'])
    await copyFile(join(guests, file), join(folder, file))
})
after(() => rm(folder, { recursive: true, force: true }))

interface Part {
  readonly name: string
  readonly image: string
  readonly type?: 'capability'
  readonly link?: string
}

/** The lines of complaint about a manifest with these parts, without the name of the file; then the warnings. */
async function check(...parts: readonly Part[]): Promise<{ problems: string[]; warnings: string[] }> {
  const file = join(folder, 'app.yaml')
  const components = parts.map(
    ({ name, image, type = 'component', link }) =>
      `    - name: ${name}\n      type: ${type}\n      properties:\n        image: ${image}\n` +
      (link === undefined ? '' : `      traits:\n        - type: link\n          properties: ${link}\n`),
  )
  const head =
    'apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata:\n  name: app\n  annotations: {}\n'
  await writeFile(file, `${head}spec:\n  components:\n${components.join('')}`)
  const own = (lines: readonly string[]) =>
    lines.flatMap((line) => (line.startsWith(`${file}:`) ? [line.slice(file.length + 1)] : []))
  try {
    return { problems: [], warnings: own((await readApp(file)).warnings) }
  } catch (error) {
    const { code, message } = WeftError.from(error)
    assert.equal(code, 'invalid', message)
    return { problems: own(message.split('\n')), warnings: [] }
  }
}

const linkTo = (target: string, path: string, interfaces: string) => {
  const [namespace, name] = path.split(':')
  return `{ namespace: ${namespace}, package: ${name}, interfaces: [${interfaces}], target: { name: ${target} } }`
}
const keyvalue: Part = { name: 'kv', type: 'capability', image: 'wasmcloud+builtin://keyvalue-nats' }
const http = (target: string): Part => ({
  name: 'http',
  type: 'capability',
  image: 'wasmcloud+builtin://http-server',
  link: linkTo(target, 'wasi:http', 'incoming-handler'),
})

test('the example manifests are in order', async () => {
  for (const name of ['hello', 'chain']) {
    const { warnings } = await readApp(join(root, 'manifests', name, 'app.yaml'))
    assert.deepEqual(warnings, [])
  }
})

test('a file that is missing, not wasm or a core module is named at its image', async () => {
  const cases = [
    ['./nowhere.wasm', /^11:16: file:.*nowhere\.wasm: there is no such file/],
    ['file://./not-wasm.txt', /^11:16: .*not-wasm\.txt is not WebAssembly/],
    ['./core-module.wasm', /^11:16: .*core-module\.wasm is a core WebAssembly module, expected a component/],
  ] as const
  for (const [image, message] of cases) {
    const { problems } = await check({ name: 'hello', image })
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', message)
  }
})

test('a component that is cut off is no valid component', async () => {
  await writeFile(join(folder, 'cut.wasm'), importingComponent('a:b/c@1.0.0').subarray(0, 20))
  const { problems } = await check({ name: 'hello', image: './cut.wasm' })
  assert.match(problems[0] ?? '', /^11:16: .*cut\.wasm is not a valid component: /)
})

test('an import that nobody provides is told with the link that would', async () => {
  assert.deepEqual((await check({ name: 'hello', image: './needs-unknown.wasm' })).problems, [
    '11:16: component hello imports acme:weird/thing@1.0.0, and nothing provides it: ' +
      'add a link trait with namespace: acme, package: weird, interfaces: [thing] to a component that exports it',
  ])
})

test('all imports without a link are told at once; what the host answers needs none', async () => {
  const { problems } = await check({ name: 'hello', image: './kv-p2.wasm' })
  assert.deepEqual(
    problems.map((line) => /imports (\S+),/.exec(line)?.[1]),
    ['store', 'atomics', 'batch'].map((name) => `wasi:keyvalue/${name}@0.2.0-draft`),
  )
  const link = linkTo('kv', 'wasi:keyvalue', 'store, atomics, batch')
  assert.deepEqual(await check({ name: 'hello', image: './kv-p2.wasm', link }, keyvalue, http('hello')), {
    problems: [],
    warnings: [],
  })
})

test('outgoing HTTP without a link is a warning, of WASI 0.3 under the name that links have for it', async () => {
  for (const id of ['wasi:http/outgoing-handler@0.2.12', 'wasi:http/client@0.3.0']) {
    await writeFile(join(folder, 'out.wasm'), importingComponent(id))
    const { problems, warnings } = await check({ name: 'hello', image: './out.wasm' })
    assert.deepEqual(problems, [])
    assert.match(
      warnings[0] ?? '',
      new RegExp(`^11:16: component hello imports ${RegExp.escape(id)}, .*\\[outgoing-handler\\]`),
    )
    const link = linkTo('proxy', 'wasi:http', 'outgoing-handler')
    const proxy: Part = { name: 'proxy', type: 'capability', image: 'ghcr.io/acme/http-client:1.0.0' }
    assert.deepEqual((await check({ name: 'hello', image: './out.wasm', link }, proxy)).warnings, [])
  }
})

test('only outgoing HTTP of WASI itself is let off with a warning', async () => {
  await writeFile(join(folder, 'client.wasm'), importingComponent('acme:api/client@1.0.0'))
  const { problems } = await check({ name: 'hello', image: './client.wasm' })
  assert.match(problems[0] ?? '', /imports acme:api\/client@1\.0\.0, and nothing provides it/)
})

test('a link to a component that lacks the interface says what it exports', async () => {
  const link = linkTo('calc', 'acme:weird', 'thing')
  const calc: Part = { name: 'calc', image: './calc.wasm' }
  const { problems } = await check({ name: 'hello', image: './needs-unknown.wasm', link }, calc)
  assert.equal(problems.length, 1)
  assert.match(
    problems[0] ?? '',
    /^14:\d+: calc does not export acme:weird\/thing; it exports weft-test:calc\/api$/,
  )
})

test('the HTTP server links to a component that answers HTTP, of WASI 0.2 or 0.3', async () => {
  for (const image of ['./http-hello-p2.wasm', './http-hello-p3.wasm'])
    assert.deepEqual((await check({ name: 'web', image }, http('web'))).problems, [])
  const { problems } = await check({ name: 'calc', image: './calc.wasm' }, http('calc'))
  assert.match(
    problems[0] ?? '',
    /calc does not export wasi:http\/incoming-handler; it exports weft-test:calc/,
  )
})

test('a builtin provider serves what it serves, and an unknown one is told with the nearest', async () => {
  const link = linkTo('kv', 'acme:weird', 'thing')
  const served = await check({ name: 'hello', image: './needs-unknown.wasm', link }, keyvalue)
  assert.match(
    served.problems[0] ?? '',
    /kv does not export acme:weird\/thing; it exports wasi:keyvalue\/store, wasi:keyvalue\/atomics/,
  )
  const typo = await check({ ...keyvalue, image: 'wasmcloud+builtin://keyvalue-nat' })
  assert.deepEqual(typo.problems, [
    '11:16: there is no builtin provider "keyvalue-nat"; did you mean "keyvalue-nats"?',
  ])
  const other = await check({ ...keyvalue, image: 'wasmcloud+builtin://toString' })
  assert.match(
    other.problems[0] ?? '',
    new RegExp(`"toString", expected one of ${builtinProviderNames.join(', ')}$`),
  )
})

test('the program of a provider must be there', async () => {
  const missing = await check({ ...keyvalue, image: './provider.ts' })
  assert.match(missing.problems[0] ?? '', /^11:16: file:.*provider\.ts: there is no such file/)
})

test('what cannot be looked into from here is left to the hosts', async () => {
  const remote: Part = { name: 'remote', image: 'ghcr.io/acme/thing:1.0.0' }
  const link = linkTo('remote', 'acme:weird', 'thing')
  assert.deepEqual((await check({ name: 'hello', image: './needs-unknown.wasm', link }, remote)).problems, [])
})

test('a manifest that is not there is named', async () => {
  await assert.rejects(readApp(join(folder, 'gone.yaml')), {
    code: 'invalid',
    message: /gone\.yaml: there is no such file$/,
  })
})

test('a middleware needs a link to what comes next, by the name that WASI 0.2 gave it', async () => {
  await writeFile(join(folder, 'middleware.wasm'), importingComponent('wasi:http/handler@0.3.0'))
  const middleware = { name: 'front', image: 'file://./middleware.wasm' }
  const service = { name: 'service', image: 'file://./http-hello-p3.wasm' }
  assert.deepEqual((await check(middleware, service)).problems, [
    '11:16: component front imports wasi:http/handler@0.3.0, and nothing provides it: ' +
      'add a link trait with namespace: wasi, package: http, interfaces: [incoming-handler] to a component that exports it',
  ])
  const linked = { ...middleware, link: linkTo('service', 'wasi:http', 'incoming-handler') }
  assert.deepEqual((await check(linked, service)).problems, [])
})
