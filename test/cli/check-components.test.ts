import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { checkComponents } from '../../src/cli/check-components.ts'
import { checkManifest } from '../../src/manifest/check-manifest.ts'
import { root } from '../support/weft.ts'

interface Part {
  readonly name: string
  readonly image: string
  readonly links?: readonly {
    readonly package: string
    readonly interfaces: readonly string[]
    readonly target: string
  }[]
}

async function check(...parts: Part[]): Promise<{ problems: string[]; warnings: string[] }> {
  const components = parts.map(({ name, image, links = [] }) => ({
    name,
    type: image.startsWith('wasmcloud') ? 'capability' : 'component',
    properties: { image },
    traits: links.map((link) => {
      const [namespace, pkg] = link.package.split(':')
      return {
        type: 'link',
        properties: { namespace, package: pkg, interfaces: link.interfaces, target: { name: link.target } },
      }
    }),
  }))
  const checked = checkManifest(
    JSON.stringify({
      apiVersion: 'core.oam.dev/v1beta1',
      kind: 'Application',
      metadata: { name: 'app', annotations: {} },
      spec: { components },
    }),
  )
  assert.ok(checked.manifest, JSON.stringify(checked.problems))
  const found = await checkComponents(checked.manifest, checked.at)
  return {
    problems: found.problems.map(({ message }) => message),
    warnings: found.warnings.map(({ message }) => message),
  }
}

const file = (path: string) => pathToFileURL(join(root, path)).href
const gateway = file('manifests/chain/gateway/gateway.wasm')
const greeter = file('manifests/chain/greeter/greeter.wasm')
const toGreeter = { package: 'weft-example:greetings', interfaces: ['greeter'], target: 'greeter' }

test('linked components with all their files are in order', async () => {
  const found = await check(
    { name: 'gateway', image: gateway, links: [toGreeter] },
    { name: 'greeter', image: greeter },
  )
  assert.deepEqual(found, { problems: [], warnings: [] })
})

test('an import without a link is named with the link that it needs', async () => {
  const { problems } = await check({ name: 'gateway', image: gateway })
  assert.deepEqual(problems, [
    'component gateway imports weft-example:greetings/greeter@0.1.0, and nothing provides it: add a link trait with ' +
      'namespace: weft-example, package: greetings, interfaces: [greeter] to a component that exports it',
  ])
})

test('a link to a component that does not export the interface says what it exports', async () => {
  const calc = file('test/guests/calc/calc.wasm')
  const { problems } = await check(
    { name: 'gateway', image: gateway, links: [toGreeter] },
    { name: 'greeter', image: calc },
  )
  assert.deepEqual(problems, [
    'greeter does not export weft-example:greetings/greeter; it exports weft-test:calc/api',
  ])
})

test('an HTTP server is linked to a component that answers HTTP, of WASI 0.2 or 0.3', async () => {
  const http = { name: 'http', image: 'wasmcloud+builtin://http-server' }
  const link = (target: string) => ({ package: 'wasi:http', interfaces: ['incoming-handler'], target })
  const p3 = file('test/guests/http-hello-p3/http-hello-p3.wasm')
  assert.deepEqual((await check({ ...http, links: [link('p3')] }, { name: 'p3', image: p3 })).problems, [])
  const { problems } = await check({ ...http, links: [link('greeter')] }, { name: 'greeter', image: greeter })
  assert.match(problems[0] ?? '', /greeter does not export wasi:http\/incoming-handler/)
})

test('a provider that does not ship with Weft is refused with those that do', async () => {
  const { problems } = await check({ name: 'kv', image: 'wasmcloud+builtin://keyvalue-redis' })
  assert.match(problems[0] ?? '', /wasmcloud\+builtin:\/\/keyvalue-nats/)
})
