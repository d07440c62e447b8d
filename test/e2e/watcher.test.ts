import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, root } from '../support/weft.ts'

test('a component is told of changes in a bucket, its provider on two hosts, also after one that traps it', {
  timeout: 180_000,
}, async () => {
  const place = await openWorkplace()
  try {
    const port = await freePort()
    const path = join(place.folder, 'watched.yaml')
    await writeFile(path, manifest(port))
    const up = place.start(['up', '--ephemeral', '--port', '0', '--threads', '2'])
    await up.seen(/weft is up/)
    const other = place.start(['host', '--threads', '1'])
    await other.seen(/has joined lattice default/)
    const deployed = await place.run(['app', 'deploy', path])
    assert.equal(deployed.code, 0, deployed.err)
    const get = async (at: string) => (await (await fetch(`http://127.0.0.1:${port}${at}`)).text()).trim()
    const becomes = (at: string, what: string) =>
      until(async () => (await get(at)) === what, { timeoutMs: 20_000, what: `${at} is ${what}` })

    assert.equal(await get('/set?one=hello'), 'set')
    await becomes('/get?seen/one', '5 hello')
    assert.equal(await get('/set?a%20b=x'), 'set')
    await becomes('/get?seen/a%20b', '1 x')
    await get('/set?trap=x')
    await until(() => /did not take the change of trap/.test(up.output() + other.output()), {
      timeoutMs: 20_000,
    })
    assert.equal(await get('/delete?one'), 'deleted')
    await becomes('/get?seen/one', 'gone')
  } finally {
    await place.close()
  }
})

function manifest(port: number): string {
  const guest = (name: string) => pathToFileURL(join(root, 'test/guests', name, `${name}.wasm`)).href
  const toStore = (interfaces: string) => `
        - type: link
          properties:
            namespace: wasi
            package: keyvalue
            interfaces: [${interfaces}]
            target: { name: kv, config: [{ name: watched-bucket, properties: { bucket: watched } }] }`
  return `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: watched, annotations: {} }
spec:
  components:
    - name: http
      type: capability
      properties: { image: wasmcloud+builtin://http-server }
      traits:
        - { type: spreadscaler, properties: { instances: 1 } }
        - type: link
          properties:
            namespace: wasi
            package: http
            interfaces: [incoming-handler]
            source: { config: [{ name: watched-http, properties: { address: '127.0.0.1:${port}' } }] }
            target: { name: writer }
    - name: writer
      type: component
      properties: { image: ${guest('kv-p2')} }
      traits:
        - { type: spreadscaler, properties: { instances: 10 } }${toStore('store, atomics, batch')}
    - name: watcher
      type: component
      properties: { image: ${guest('watcher-p2')} }
      traits:
        - { type: spreadscaler, properties: { instances: 10 } }${toStore('store')}
    - name: kv
      type: capability
      properties: { image: wasmcloud+builtin://keyvalue-nats }
      traits:
        - { type: daemonscaler, properties: { replicas: 1 } }
        - type: link
          properties:
            namespace: wasi
            package: keyvalue
            interfaces: [watcher]
            source: { config: [{ name: watched-bucket, properties: { bucket: watched } }] }
            target: { name: watcher }
`
}
