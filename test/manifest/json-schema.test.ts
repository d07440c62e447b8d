import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { checkManifest } from '../../src/manifest/check-manifest.ts'
import { manifestSchema } from '../../src/manifest/json-schema.ts'
import { traitSchemas } from '../../src/manifest/trait-schemas.ts'
import { checkSchema } from '../support/check-schema.ts'

const root = join(import.meta.dirname, '..', '..')
const good = await Array.fromAsync(glob(['test/manifest/good/*', 'manifests/*/app.yaml'], { cwd: root }))
const broken = await Array.fromAsync(glob('test/manifest/broken/*.{yaml,json}', { cwd: root }))

/** What only shows when several places of a file are seen together, or is no YAML: the schema lets it pass. */
const beyondSchema =
  `config-twice-with-other-content external-config-impossible-name field-twice json-trailing-brace
  link-twice missing-colon misspelt-target policy-without-backend secret-misspelt-policy secret-without-policy
  spread-twice spread-weights-zero tab-indent target-elsewhere two-components-of-one-id two-components-of-one-name
  two-documents two-scalers unclosed-bracket unclosed-quote unknown-anchor wrong-indent`.split(/\s+/)

describe('good manifests', () => {
  for (const file of good) {
    test(`${file} is good for the reader and for the schema`, async () => {
      const text = await readFile(join(root, file), 'utf8')
      const { problems, warnings } = checkManifest(text)
      assert.deepEqual([problems, warnings], [[], []])
      assert.deepEqual(checkSchema(manifestSchema, parse(text)), [])
    })
  }
})

describe('broken manifests', () => {
  for (const file of broken) {
    const name = basename(file).replace(/\.\w+$/, '')
    if (beyondSchema.includes(name)) continue
    test(`the schema sees that ${name} is broken`, async () => {
      const text = await readFile(join(root, file), 'utf8')
      assert.notDeepEqual(checkSchema(manifestSchema, parse(text)), [])
    })
  }
})

/** The names that the reader says it knows, when it meets one that it does not know. */
function namesKnown(trait: object): string[] {
  const manifest = {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata: { name: 'a', annotations: {} },
    spec: { components: [{ name: 'a', type: 'component', properties: { image: 'a' }, traits: [trait] }] },
  }
  const { problems, warnings } = checkManifest(JSON.stringify(manifest))
  const told = [...problems, ...warnings].find(({ message }) => message.includes('qqqqqqqq'))?.message ?? ''
  return (told.split('expected one of ')[1] ?? '').split(', ').toSorted()
}

test('every trait type that is read has a schema in trait-schemas.ts', () => {
  assert.deepEqual(namesKnown({ type: 'qqqqqqqq', properties: {} }), Object.keys(traitSchemas).toSorted())
})

for (const [type, schema] of Object.entries(traitSchemas)) {
  test(`the schema of ${type} has the fields that are read`, () => {
    const known = namesKnown({ type, properties: { qqqqqqqq: 1 } })
    assert.deepEqual(known, Object.keys(schema['properties'] ?? {}).toSorted())
  })
}
