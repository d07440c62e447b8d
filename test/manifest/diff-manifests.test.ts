import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { diffManifests, type PartChange } from '../../src/manifest/diff-manifests.ts'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'

const text = await readFile(join(import.meta.dirname, 'good', 'everything.yaml'), 'utf8')
const manifest = parseManifest(text, 'everything.yaml')

function changed(from: string, to: string): readonly PartChange[] {
  assert.ok(text.includes(from))
  return diffManifests(manifest, parseManifest(text.replace(from, to), 'changed.yaml'))
}

test('nothing differs from itself, nor do another version and other comments', () => {
  assert.deepEqual(diffManifests(manifest, manifest), [])
  assert.deepEqual(changed('version: v0.0.1', 'version: v0.0.2'), [])
  assert.deepEqual(changed('# All that', '# Everything that'), [])
})

test('what changed is told by part and path, before and after', () => {
  assert.deepEqual(changed('cart:1.2.0', 'cart:1.3.0'), [
    {
      part: 'component',
      name: 'cart',
      change: 'changed',
      fields: [{ field: 'image', before: 'ghcr.io/acme/cart:1.2.0', after: 'ghcr.io/acme/cart:1.3.0' }],
    },
  ])
  assert.deepEqual(changed('weight: 80', 'weight: 90')[0]?.fields, [
    { field: 'scaler.spread.eu.weight', before: '80', after: '90' },
  ])
  assert.deepEqual(changed('currency: EUR', 'currency: USD'), [
    {
      part: 'config',
      name: 'cart-config',
      change: 'changed',
      fields: [{ field: 'currency', before: 'EUR', after: 'USD' }],
    },
  ])
  assert.deepEqual(
    changed(
      'interfaces: [atomics, store]\n            target:\n',
      'interfaces: [store]\n            target:\n',
    ),
    [
      {
        part: 'link',
        name: 'cart -(wasi:keyvalue)-> kv',
        change: 'changed',
        fields: [{ field: 'interfaces', before: 'atomics, store', after: 'store' }],
      },
    ],
  )
})

test('every trait counts', async () => {
  const own = await readFile(join(import.meta.dirname, 'good', 'weft-traits.yaml'), 'utf8')
  const fieldsOf = (from: string, to: string) => {
    assert.ok(own.includes(from))
    const after = parseManifest(own.replace(from, to), 'changed.yaml')
    return diffManifests(parseManifest(own, 'weft-traits.yaml'), after)[0]?.fields
  }
  assert.deepEqual(fieldsOf('memory: 64MiB', 'memory: 32MiB'), [
    { field: 'limits.memoryBytes', before: '67108864', after: '33554432' },
  ])
  assert.deepEqual(fieldsOf('pause: 30s', 'pause: 1m'), [
    { field: 'rollout.pauseMs', before: '30000', after: '60000' },
  ])
})

test('what is new and what goes is told with all that it says', () => {
  const all = diffManifests(undefined, manifest)
  assert.ok(all.every(({ change }) => change === 'added'))
  assert.deepEqual(all.map(({ part, name }) => `${part} ${name}`).slice(0, 5), [
    'application every_thing-1',
    'component cart',
    'provider kv',
    'provider http',
    'component not-started',
  ])
  assert.ok(all.some(({ name }) => name === 'cart -(wasi:keyvalue)-> kv "backup"'))
  const [gone] = changed(
    '    - name: not-started\n      type: component\n      properties: { image: file:///opt/idle.wasm }\n',
    '',
  )
  assert.deepEqual(gone, {
    part: 'component',
    name: 'not-started',
    change: 'removed',
    fields: [{ field: 'image', before: 'file:///opt/idle.wasm', after: undefined }],
  })
})
