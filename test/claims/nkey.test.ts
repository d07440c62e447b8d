import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAccount, fromPublic, fromSeed } from '@nats-io/nkeys'
import {
  createSigningKey,
  isPublicKey,
  type NkeyKind,
  signingKeyFromSeed,
  verifySignature,
} from '../../src/claims/nkey.ts'

const message = new TextEncoder().encode('hello')

for (const kind of ['account', 'host', 'user'] satisfies NkeyKind[]) {
  test(`an ${kind} key is one that the nkeys package reads, and its signatures hold both ways`, () => {
    const ours = createSigningKey(kind)
    const theirs = fromSeed(new TextEncoder().encode(ours.seed))
    assert.equal(theirs.getPublicKey(), ours.publicKey)
    assert.ok(fromPublic(ours.publicKey).verify(message, ours.sign(message)))
    assert.ok(verifySignature(ours.publicKey, message, theirs.sign(message)))
  })
}

test('a seed of the nkeys package gives the same key', () => {
  const theirs = createAccount()
  const seed = new TextDecoder().decode(theirs.getSeed())
  const ours = signingKeyFromSeed('account', seed)
  assert.deepEqual([ours.publicKey, ours.seed], [theirs.getPublicKey(), seed])
})

test('component and provider keys begin with M and V, and are told apart', () => {
  const [component, provider] = [createSigningKey('component'), createSigningKey('provider')]
  assert.match(component.publicKey, /^M[A-Z2-7]{55}$/)
  assert.match(provider.publicKey, /^V[A-Z2-7]{55}$/)
  assert.match(component.seed, /^SM[A-Z2-7]{56}$/)
  assert.ok(isPublicKey('component', component.publicKey))
  assert.ok(!isPublicKey('component', provider.publicKey))
})

test('a key with a changed letter is no key, and a seed of another kind is refused without being repeated', () => {
  const { publicKey, seed } = createSigningKey('component')
  const changed = publicKey.slice(0, 20) + (publicKey[20] === 'A' ? 'B' : 'A') + publicKey.slice(21)
  assert.ok(!isPublicKey('component', changed))
  assert.ok(!verifySignature(changed, message, new Uint8Array(64)))
  assert.throws(
    () => signingKeyFromSeed('account', seed),
    (error: Error) => {
      assert.match(error.message, /expected an nkeys seed of kind account \(SA…\)/)
      return !error.message.includes(seed)
    },
  )
})
