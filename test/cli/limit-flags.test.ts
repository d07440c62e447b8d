import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostLimitsFrom } from '../../src/cli/limit-flags.ts'

test('limits of a host are defaults and ceilings, as manifests write them', () => {
  const flags = {
    limit: ['memory=64MiB', 'time=5s', 'queue=100'],
    'limit-most': ['memory=1GiB', 'time=1m', 'request=10MB', 'queueTime=500ms'],
  }
  assert.deepEqual(hostLimitsFrom({ flags }), {
    defaults: { memoryBytes: 64 * 2 ** 20, timeMs: 5000, queue: 100 },
    most: { memoryBytes: 2 ** 30, timeMs: 60_000, requestBytes: 10_000_000, queueMs: 500 },
  })
  assert.equal(hostLimitsFrom({ flags: {} }), undefined)
})

test('a limit of 0, with which no component would run, is refused; a queue of 0 says that no call waits', () => {
  for (const flag of ['limit', 'limit-most'])
    for (const pair of [
      'time=0s',
      'memory=0',
      'memory=0.1B',
      'handles=0',
      'tableElements=0',
      'request=0B',
      'queueTime=0ms',
    ])
      assert.throws(() => hostLimitsFrom({ flags: { [flag]: [pair] } }), {
        code: 'invalid',
        message: `--${flag}: expected more than 0, got "${pair}": with it every component would fail; leave it out for the default`,
      })
  assert.deepEqual(hostLimitsFrom({ flags: { limit: ['queue=0'] } }), { defaults: { queue: 0 }, most: {} })
})

test('what is no limit is named with what was expected', () => {
  for (const [pair, message] of [
    ['memory', /--limit: expected NAME=VALUE with one of memory, time, .*, got "memory"/],
    ['cpu=1', /got "cpu=1"/],
    ['memory=lots', /--limit: expected a size such as 64MiB, got "lots"/],
    ['time=5', /--limit: expected a duration such as 500ms/],
    ['handles=-1', /--limit: expected a whole number/],
  ] as const)
    assert.throws(() => hostLimitsFrom({ flags: { limit: [pair] } }), { code: 'invalid', message })
})
