import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatUptime } from '../../src/lattice/uptime.ts'

test('uptime reads as Rust humantime writes whole seconds', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0s'],
    [0.9, '0s'],
    [59, '59s'],
    [90, '1m 30s'],
    [7_384, '2h 3m 4s'],
    [86_400 + 7_200, '1day 2h'],
    [172_800, '2days'],
    [2_630_016, '1month'],
    [31_557_600 * 2 + 1, '2years 1s'],
  ]
  for (const [seconds, text] of cases) assert.equal(formatUptime(seconds), text)
})
