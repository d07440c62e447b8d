import assert from 'node:assert/strict'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { connectNats } from '../../src/lattice/connect.ts'
import { openCli } from '../support/run-cli.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'
import { freePort, root } from '../support/weft.ts'

const value = 'correct-horse-battery-staple'

test('a secret goes from the backend into a signed component, and nowhere else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-secrets-'))
  const nats = await startNats()
  const cli = await openCli({ WEFT_NATS_URL: nats.url })
  const connection = await connectNats({ url: nats.url, name: 'listener' })
  let heard = 0
  const leaks: string[] = []
  connection.subscribe('>', {
    callback: (_, message) => {
      heard += 1
      if (Buffer.from(message.data).includes(value)) leaks.push(message.subject)
    },
  })
  const backend = cli.begin('secrets', 'serve')
  const host = cli.begin('host', '--threads', '1', '--controller', '--log-level', 'debug')
  try {
    await until(() => host.output().includes('has joined') && backend.output().includes('answers on'), {
      timeoutMs: 30_000,
    })
    const guest = join(folder, 'guest.wasm')
    await copyFile(join(root, 'test/guests/secrets-p2/secrets-p2.wasm'), guest)
    const signed = JSON.parse((await cli.run('sign', guest, '-o', 'json')).out)
    const file = join(folder, 'value.txt')
    await writeFile(file, `${value}\n`)
    assert.equal((await cli.run('secrets', 'put', 'db-password', '--file', file)).code, 0)

    assert.match((await cli.run('secrets', 'list')).out, /^SECRET +READERS\ndb-password +\(nobody\)\n$/)
    const port = await freePort()
    const app = join(folder, 'app.yaml')
    await writeFile(app, manifest(pathToFileURL(signed.file).href, port))
    const refused = await cli.run('app', 'deploy', app, '--timeout', '8s')
    assert.equal(refused.code, 1)
    assert.match(refused.err + host.output(), /the backend does not give it to this component or provider/)

    assert.equal((await cli.run('secrets', 'grant', signed.file, 'db-password')).code, 0)
    assert.deepEqual(JSON.parse((await cli.run('secrets', 'list', '-o', 'json')).out), [
      { key: 'db-password', readers: [signed.subject] },
    ])
    const deployed = await cli.run('app', 'deploy', app, '--timeout', '60s')
    assert.equal(deployed.code, 0, deployed.err)
    const ask = async (name: string) => (await fetch(`http://127.0.0.1:${port}/?${name}`)).text()
    assert.equal(await ask('password'), `string: ${value}`)
    assert.match(await ask('other'), /NotFound/)

    const unsigned = await cli.run(
      'scale',
      'unsigned',
      '1',
      '--ref',
      guest,
      '--config',
      'SECRET_vault-password',
    )
    assert.match(unsigned.err, /is not signed/)
    assert.ok(heard > 50)
    assert.deepEqual(leaks, [])
    assert.ok(!host.output().includes(value) && !backend.output().includes(value))
  } finally {
    host.interrupt()
    backend.interrupt()
    await host.ended
    await backend.ended
    await connection.close()
    await cli.close()
    await nats.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

test('what weft secrets is given wrongly is refused before anything is sent', async () => {
  const cli = await openCli()
  try {
    const cases: readonly (readonly [args: string[], message: RegExp])[] = [
      [['put'], /expected the key/],
      [['put', 'k', 'value'], /not in sight of all/],
      [['grant', 'nobody', 'k'], /neither a public key/],
      [['grant', join(root, 'manifests/chain/greeter/greeter.wasm'), 'k'], /is not signed: sign it/],
      [['grant'], /expected a public key or a signed component/],
    ]
    for (const [args, message] of cases) {
      const { code, err } = await cli.run('secrets', ...args)
      assert.equal(code, 2, err)
      assert.match(err, message)
    }
  } finally {
    await cli.close()
  }
})

function manifest(image: string, port: number): string {
  return `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata:
  name: vault
  annotations: { version: v1 }
spec:
  policies:
    - name: nats-kv
      type: policy.secret.wasmcloud.dev/v1alpha1
      properties: { backend: nats-kv }
  components:
    - name: guest
      type: component
      properties:
        image: ${image}
        secrets:
          - name: password
            properties: { policy: nats-kv, key: db-password }
      traits:
        - type: spreadscaler
          properties: { instances: 1 }
    - name: http
      type: capability
      properties: { image: "wasmcloud+builtin://http-server" }
      traits:
        - type: link
          properties:
            target: guest
            namespace: wasi
            package: http
            interfaces: [incoming-handler]
            source_config:
              - name: address
                properties: { address: "127.0.0.1:${port}" }
`
}
