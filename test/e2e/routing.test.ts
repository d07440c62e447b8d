import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { freePort, openWorkplace, root } from '../support/weft.ts'

test('one manifest puts two components on one port, told apart by path', { timeout: 180_000 }, async () => {
  const place = await openWorkplace()
  try {
    const port = await freePort()
    const path = join(place.folder, 'routed.yaml')
    await writeFile(path, manifest(port))
    const up = place.start(['up', '--ephemeral', '--port', '0', '--threads', '2', path])
    await up.seen(/weft is up/)
    await up.seen(new RegExp(`http://127\\.0\\.0\\.1:${port}/args`))
    const get = async (at: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${at}`)
      return `${answer.status} ${(await answer.text()).trim()}`
    }
    assert.match(await get('/'), /^200 hello/)
    assert.match(await get('/args?x'), /^200/)
    assert.equal(await get('/elsewhere'), '404 path not found')
  } finally {
    await place.close()
  }
})

function manifest(port: number): string {
  const guest = (name: string) => pathToFileURL(join(root, 'test/guests', name, `${name}.wasm`)).href
  return `apiVersion: core.oam.dev/v1beta1
kind: Application
metadata: { name: routed, annotations: {} }
spec:
  components:
    - name: http
      type: capability
      properties:
        image: wasmcloud+builtin://http-server
        config:
          - name: routed-http
            properties: { routing_mode: path, default_address: '127.0.0.1:${port}' }
      traits:
        - { type: spreadscaler, properties: { instances: 1 } }
        - ${link('hello', '/')}
        - ${link('args', '/args')}
    - name: hello
      type: component
      properties: { image: ${guest('http-hello-p2')} }
      traits: [{ type: spreadscaler, properties: { instances: 5 } }]
    - name: kv
      type: capability
      properties: { image: wasmcloud+builtin://keyvalue-nats }
      traits: [{ type: spreadscaler, properties: { instances: 1 } }]
    - name: args
      type: component
      properties: { image: ${guest('kv-p2')} }
      traits:
        - { type: spreadscaler, properties: { instances: 5 } }
        - type: link
          properties:
            namespace: wasi
            package: keyvalue
            interfaces: [store, atomics, batch]
            target: { name: kv }
`
}

function link(component: string, path: string): string {
  return `type: link
          properties:
            name: ${component}
            namespace: wasi
            package: http
            interfaces: [incoming-handler]
            source:
              config: [{ name: ${component}-path, properties: { path: ${path} } }]
            target: { name: ${component} }`
}
