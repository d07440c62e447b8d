import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'
import { resolveReferences } from '../../src/manifest/resolve-references.ts'

test('each problem is a line that says file, line and column', () => {
  assert.throws(() => parseManifest('kind: App\nspecc: 1\n', 'wadm.yaml'), {
    code: 'invalid',
    message: [
      'wadm.yaml:1:1: the manifest has no "apiVersion", expected text such as core.oam.dev/v1beta1',
      'wadm.yaml:1:1: the manifest has no "metadata", expected a map with "name" and "annotations"',
      'wadm.yaml:1:7: kind is "App", expected Application',
      'wadm.yaml:2:1: the manifest has no field "specc"; did you mean "spec"?',
    ].join('\n'),
  })
})

function manifestOf(image: string) {
  return parseManifest(
    JSON.stringify({
      apiVersion: 'core.oam.dev/v1beta1',
      kind: 'Application',
      metadata: { name: 'a', annotations: {} },
      spec: { components: [{ name: 'c', type: 'component', properties: { image } }] },
    }),
    'a.json',
  )
}

for (const [image, expected] of [
  ['file://./hello.wasm', 'file:///apps/one/hello.wasm'],
  ['file://../build/hello world.wasm', 'file:///apps/build/hello%20world.wasm'],
  ['file://hello.wasm', 'file:///apps/one/hello.wasm'],
  ['./hello.wasm', 'file:///apps/one/hello.wasm'],
  ['file:///abs/hello.wasm', 'file:///abs/hello.wasm'],
  ['ghcr.io/x/y:1', 'ghcr.io/x/y:1'],
  ['wasmcloud+builtin://http-server', 'wasmcloud+builtin://http-server'],
] as const) {
  test(`${image} becomes ${expected}`, () => {
    const { components, source } = resolveReferences(manifestOf(image), '/apps/one')
    assert.deepEqual(components[0]?.from, { image: expected })
    assert.deepEqual(source, manifestOf(expected).source)
  })
}
