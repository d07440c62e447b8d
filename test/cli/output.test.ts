import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationFlag } from '../../src/cli/output.ts'

test('a duration is read with its unit, and is no longer than a timer can be', () => {
  assert.equal(durationFlag('timeout', undefined, 7), 7)
  assert.equal(durationFlag('timeout', '1.5s', 7), 1_500)
  assert.equal(durationFlag('timeout', '99999999m', 7), 2 ** 31 - 1)
  assert.throws(() => durationFlag('timeout', '5', 7), { code: 'invalid', message: /^--timeout: expected/ })
})
