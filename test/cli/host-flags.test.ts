import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { hostOptionsFrom } from '../../src/cli/host-flags.ts'

const input = (volume: readonly string[], more: object = {}) => ({
  args: [],
  flags: { volume, ...more },
  terminal: {
    env: {},
    out() {},
    err() {},
    signal: new AbortController().signal,
    isColour: false,
    width: 100,
  },
})

test('volumes are directories by name, read-only where the flag says so', () => {
  assert.deepEqual(
    hostOptionsFrom(input(['data=/srv/data', 'fixed=some/where:ro', 'odd=/a=b:c'])).hostVolumes,
    {
      data: { path: '/srv/data', access: 'read-write' },
      fixed: { path: resolve('some/where'), access: 'read-only' },
      odd: { path: '/a=b:c', access: 'read-write' },
    },
  )
})

test('what is no volume is refused with an example', () => {
  for (const text of ['data', '=/srv', 'data=', 'a b=/srv'])
    assert.throws(() => hostOptionsFrom(input([text])), {
      code: 'invalid',
      message: `--volume: expected NAME=DIR such as data=/srv/data or data=/srv/data:ro, got ${JSON.stringify(text)}`,
    })
})

test('how much of the network manifests may grant is one of three', () => {
  assert.equal(hostOptionsFrom(input([], { 'guest-network': 'public' })).networkLid, 'public')
  assert.equal(hostOptionsFrom(input([])).networkLid, undefined)
  assert.throws(() => hostOptionsFrom(input([], { 'guest-network': 'some' })), {
    code: 'invalid',
    message: '--guest-network: expected none, public, any, got "some"',
  })
})
