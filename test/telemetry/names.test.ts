import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { attributeNames } from '../../src/telemetry/names.ts'

test('names of attributes are those of the semantic conventions, or begin with ours', () => {
  const known = new Set<unknown>([...Object.values(conventions), 'otel.metric.overflow'])
  const ours = new Set(['component', 'interface', 'operation', 'side', 'outcome'])
  const strange = Object.values(attributeNames).filter(
    (name) => !known.has(name) && !ours.has(name) && !name.startsWith('weft.'),
  )
  assert.deepEqual(strange, [])
})
