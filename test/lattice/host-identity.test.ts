import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createUser } from '@nats-io/nkeys'
import { createHostIdentity, defaultLabels } from '../../src/lattice/host-identity.ts'

test('a new host has an nkey of a server and a friendly name', () => {
  const { id, friendlyName } = createHostIdentity()
  assert.match(id, /^N[A-Z2-7]{55}$/)
  assert.match(friendlyName, /^[a-z]+-[a-z]+-\d{4}$/)
  assert.notEqual(createHostIdentity().id, id)
})

test('a seed gives the same host again', () => {
  const { id, keyPair } = createHostIdentity()
  const seed = new TextDecoder().decode(keyPair.getSeed())
  assert.match(seed, /^SN/)
  assert.equal(createHostIdentity(`${seed}\n`).id, id)
})

test('a seed of another kind, or none at all, is refused with what is wanted', () => {
  const userSeed = new TextDecoder().decode(createUser().getSeed())
  for (const seed of [userSeed, '', 'SNXYZ']) {
    assert.throws(() => createHostIdentity(seed), { code: 'invalid', message: /nkeys server seed \(SN…\)/ })
  }
})

test('default labels carry Rust names', () => {
  assert.deepEqual(defaultLabels({ arch: 'x64', os: 'linux' }), {
    'hostcore.arch': 'x86_64',
    'hostcore.os': 'linux',
    'hostcore.osfamily': 'unix',
  })
  assert.deepEqual(defaultLabels({ arch: 'arm64', os: 'darwin' }), {
    'hostcore.arch': 'aarch64',
    'hostcore.os': 'macos',
    'hostcore.osfamily': 'unix',
  })
  assert.equal(defaultLabels({ arch: 'x64', os: 'win32' })['hostcore.osfamily'], 'windows')
})
