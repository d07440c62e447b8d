import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { isPublicKey } from '../../src/claims/nkey.ts'
import { verifyToken } from '../../src/claims/token.ts'
import { WeftError } from '../../src/errors.ts'
import { HostSecrets } from '../../src/host/host-secrets.ts'
import { builtinSubject, createHostTokens } from '../../src/host/host-tokens.ts'
import { createHostIdentity } from '../../src/lattice/host-identity.ts'
import type { SecretsClient } from '../../src/lattice/secrets-client.ts'
import { createLog, type LogRecord } from '../../src/log.ts'

const references: Readonly<Record<string, Record<string, string>>> = {
  SECRET_pw: { name: 'password', backend: 'nats-kv', key: 'db' },
  SECRET_broken: { key: 'x' },
}
const owner = { id: 'hello', jwt: 'a.b.c', application: 'shop' }

function open(fetch: SecretsClient['fetch'] | undefined) {
  const lines: LogRecord[] = []
  let retries = 0
  const secrets = new HostSecrets({
    client: fetch && { fetch },
    buckets: { readConfig: async (name) => references[name] },
    log: createLog((line) => lines.push(line)),
    onRetry: () => {
      retries += 1
    },
  })
  return { secrets, lines, retries: () => retries }
}

test('secrets among the configs are fetched, for the owner, under the names of their references', async () => {
  const { secrets } = open(async (reference, entity) => ({
    tag: 'string',
    val: `${reference.key} for ${entity.jwt} of ${entity.application}`,
  }))
  assert.deepEqual(await secrets.fetch(['plain', 'SECRET_pw'], owner), {
    password: { tag: 'string', val: 'db for a.b.c of shop' },
  })
  assert.deepEqual(await secrets.fetch(['plain'], { ...owner, jwt: undefined }), {})
})

test('what stands in the way is said: no topic, no signature, no reference, a broken one', async () => {
  const { secrets } = open(async () => ({ tag: 'string', val: 'x' }))
  const cases: readonly (readonly [promise: Promise<unknown>, message: RegExp])[] = [
    [open(undefined).secrets.fetch(['SECRET_pw'], owner), /start the host with --secrets-topic/],
    [secrets.fetch(['SECRET_pw'], { ...owner, jwt: undefined }), /is not signed.*`weft sign`/],
    [secrets.fetch(['SECRET_none'], owner), /Secret reference SECRET_none not found in config store/],
    [
      secrets.fetch(['SECRET_broken'], owner),
      /SECRET_broken is no secret reference: name: expected a string/,
    ],
  ]
  for (const [promise, message] of cases) await assert.rejects(promise, { message })
})

test('a link whose secret cannot be had waits, says so once, and is tried again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    let isGranted = false
    const { secrets, lines, retries } = open(async () => {
      if (!isGranted) throw new WeftError('denied', 'not granted')
      return { tag: 'string', val: 'x' }
    })
    for (const _ of [1, 2]) await secrets.prepareLinks(['SECRET_pw'], owner)
    assert.equal(secrets.ofLinks('hello', ['SECRET_pw']), undefined)
    assert.deepEqual(
      lines.map(({ message }) => message),
      ['a link of hello waits for a secret: not granted'],
    )
    mock.timers.tick(5_000)
    assert.equal(retries(), 1)
    isGranted = true
    await secrets.prepareLinks(['SECRET_pw'], owner)
    assert.deepEqual(secrets.ofLinks('hello', ['SECRET_pw']), { password: { tag: 'string', val: 'x' } })
    await secrets.prepareLinks([], owner)
    assert.equal(secrets.ofLinks('hello', ['SECRET_pw']), undefined)
    secrets.stop()
  } finally {
    mock.timers.reset()
  }
})

test('a host signs for itself and for its own providers, which have the same key on every host', () => {
  const identity = createHostIdentity()
  const tokens = createHostTokens(identity)
  assert.equal(verifyToken(tokens.host, 'host').subject, identity.id)
  assert.equal(
    verifyToken(tokens.builtin('keyvalue-nats'), 'provider').subject,
    builtinSubject('keyvalue-nats'),
  )
  assert.ok(isPublicKey('provider', builtinSubject('keyvalue-nats')))
  assert.notEqual(builtinSubject('keyvalue-nats'), builtinSubject('http-server'))
})
