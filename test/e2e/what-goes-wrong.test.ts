import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openWorkplace, type RunningWeft, root } from '../support/weft.ts'

type Workplace = Awaited<ReturnType<typeof openWorkplace>>

describe('what goes wrong is said in one clear line', () => {
  let place: Workplace
  let up: RunningWeft

  before(async () => {
    place = await openWorkplace()
    up = place.start(['up', '--ephemeral', '--port', '0', '--threads', '1'])
    await up.seen(/weft is up/)
  })
  after(() => place.close())

  test('no NATS: where it was looked for and what to do', async () => {
    const { code, err } = await place.run(['get', 'hosts', '--nats-url', 'nats://127.0.0.1:1'])
    assert.equal(code, 1)
    assert.match(
      err,
      /^weft: no NATS server listens at nats:\/\/127\.0\.0\.1:1\. Start a lattice with `weft up`/,
    )
    assert.equal(err.trim().split('\n').length, 1)
  })

  test('a manifest with mistakes: file:line:column, what was expected, the nearest name; exit code 2; nothing deployed', async () => {
    const broken = await place.manifest('manifests/hello/app.yaml', (text) =>
      text.replace('image: file', 'imgae: file'),
    )
    const { code, err } = await place.run(['app', 'deploy', broken.path])
    assert.equal(code, 2)
    assert.match(err, new RegExp(`${RegExp.escape(broken.path)}:\\d+:\\d+: .*imgae.*did you mean "image"`))
    const unlinked = await place.manifest('manifests/hello/app.yaml', (text) =>
      text.replace('name: keyvalue\n              config', 'name: keyvalu\n              config'),
    )
    const second = await place.run(['app', 'deploy', unlinked.path])
    assert.equal(second.code, 2)
    assert.match(second.err, /:\d+:\d+: .*keyvalu.*did you mean "keyvalue"/)
    const { out } = await place.run(['app', 'list', '-o', 'json'])
    assert.deepEqual(JSON.parse(out), [])
  })

  const files = join(root, 'test', 'guests')
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['a component file that is missing', 'nowhere.wasm', /nowhere\.wasm.*no such file/],
    ['a component file that is not wasm', 'not-wasm.txt', /not-wasm\.txt is not WebAssembly/],
    [
      'a core module',
      'core-module.wasm',
      /core-module\.wasm is a core WebAssembly module, expected a component/,
    ],
    [
      'an import that nobody provides',
      'needs-unknown/needs-unknown.wasm',
      /acme:weird\/thing.*nothing provides it.*namespace: acme/,
    ],
  ]
  for (const [what, file, message] of wrong) {
    test(`${what} is named`, async () => {
      const manifest = await place.manifest('manifests/hello/app.yaml', (text) =>
        text.replace(/image: file:.*hello\.wasm/, `image: ${pathToFileURL(join(files, file)).href}`),
      )
      const { code, err } = await place.run(['app', 'deploy', manifest.path])
      assert.equal(code, 2)
      assert.match(err, message)
    })
  }

  test('a port that is taken: which one, and what to do', async () => {
    const manifest = await place.manifest('manifests/hello/app.yaml')
    const other = createServer().listen(Number(new URL(manifest.url).port), '127.0.0.1')
    try {
      const { code, err, out } = await place.run(['app', 'deploy', manifest.path, '--timeout', '5s'])
      assert.equal(code, 1)
      assert.match(err + out, /cannot listen on 127\.0\.0\.1:\d+: another program listens there/)
    } finally {
      await place.run(['app', 'delete', 'hello'])
      other.close()
    }
  })

  test('one port for two applications: the other one is named', async () => {
    const first = await place.manifest('manifests/hello/app.yaml')
    const second = await place.manifest('manifests/hello/app.yaml', (text) =>
      text
        .replace(/^ {2}name: hello$/m, '  name: rival')
        .replace(/127\.0\.0\.1:\d+/, new URL(first.url).host),
    )
    assert.equal((await place.run(['app', 'deploy', first.path])).code, 0)
    try {
      const { code, err, out } = await place.run(['app', 'deploy', second.path, '--timeout', '8s'])
      assert.equal(code, 1)
      assert.match(
        err + out,
        /cannot listen on \S+: provider hello-http of application hello .* listens there/,
      )
      assert.match(
        err,
        /application hello is to answer at http:\/\/127\.0\.0\.1:\d+, too: one machine has it once/,
      )
      assert.equal((await fetch(first.url)).status, 200)
    } finally {
      for (const name of ['rival', 'hello']) await place.run(['app', 'delete', name])
    }
  })

  test('a guest that traps: 500 to the caller, a log line with the place, and the host goes on', async () => {
    const guest = pathToFileURL(join(files, 'http-trap-p2', 'http-trap-p2.wasm')).href
    const manifest = await place.manifest('manifests/hello/app.yaml', (text) =>
      text.replace(/image: file:.*hello\.wasm/, `image: ${guest}`),
    )
    assert.equal((await place.run(['app', 'deploy', manifest.path])).code, 0)
    const trapped = await fetch(`${manifest.url}/trap`)
    assert.equal(trapped.status, 500)
    assert.doesNotMatch(await trapped.text(), /unreachable|stack|wasm/)
    const [line] = await up.seen(/trapped in .*[\s\S]*?burn_the_cake/)
    for (const part of ['component=hello-hello', 'operation=', 'traceId='])
      assert.ok(line.includes(part), `${part} in ${line}`)
    assert.equal((await fetch(`${manifest.url}/`)).status, 200)
    await place.run(['app', 'delete', 'hello'])
  })

  test('a second lattice in the same state folder is refused with the pid of the first', async () => {
    const first = place.start(['up', '--port', '0', '--threads', '1'])
    await first.seen(/weft is up/)
    const { code, err } = await place.run(['up', '--port', '0'])
    assert.equal(code, 1)
    assert.match(err, new RegExp(`another weft up \\(pid ${first.pid}\\)`))
    await first.stop()
  })
})

test('a Node that is too old says which one is needed', {
  skip: oldNode() === undefined && 'no older Node here',
}, async () => {
  const node = oldNode() ?? ''
  const { code, err } = await new Promise<{ code: unknown; err: string }>((resolve) => {
    execFile(node, [join(root, 'src', 'weft.mjs'), 'up'], (error, _out, err) =>
      resolve({ code: error?.code, err }),
    )
  })
  assert.equal(code, 1)
  assert.match(err, /Weft needs Node 26 or newer/)
})

/** The machine's own Node, where `.ci/run` names it and it is older than 26. */
function oldNode(): string | undefined {
  const node = process.env['WEFT_TEST_OLD_NODE']
  if (!node) return undefined
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' })
  return Number(/^v(\d+)/.exec(version)?.[1]) < 26 ? node : undefined
}
