import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scrubQuery } from '../../src/telemetry/scrub-query.ts'

for (const [query, scrubbed] of [
  ['name=x&sig=1&page=2', 'name=x&sig=REDACTED&page=2'],
  ['jwt=a.b.c&session_id=7&Authorization=Bearer', 'jwt=REDACTED&session_id=REDACTED&Authorization=REDACTED'],
  ['%74oken=a=b', '%74oken=REDACTED'],
  ['%=1&token', '%=1&token'],
  ['', ''],
] as const) {
  test(`of the query '${query}' spans have '${scrubbed}'`, () => {
    assert.equal(scrubQuery(query), scrubbed)
  })
}
