import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headers, type NatsConnection } from 'nats'
import { createSigningKey } from '../../src/claims/nkey.ts'
import { signToken } from '../../src/claims/token.ts'
import { Bucket } from '../../src/lattice/bucket.ts'
import { connectNats, subscribeGuarded } from '../../src/lattice/connect.ts'
import { providerSecrets, sealedSecrets } from '../../src/lattice/provider-secrets.ts'
import { createSecretsAdmin, type SecretsAdmin } from '../../src/lattice/secrets-admin.ts'
import { startSecretsBackend } from '../../src/lattice/secrets-backend.ts'
import { createSecretsClient, type SecretsClient } from '../../src/lattice/secrets-client.ts'
import { hostXkeyHeader, secretsSubjects } from '../../src/lattice/secrets-protocol.ts'
import { createXkey, xkeyFromSeed } from '../../src/lattice/xkey.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

const topic = 'wasmcloud.secrets'
const where = { topic, backend: 'nats-kv' }
const account = createSigningKey('account')
const component = createSigningKey('component').publicKey
const entity = {
  jwt: signToken(account, { subject: component, metadata: { name: 'hello' } }),
  application: 'shop',
}
const hostJwt = signToken(account, { subject: createSigningKey('host').publicKey, metadata: {} })
const encryption = createXkey()
const lines: LogRecord[] = []
const log = createLog((line) => lines.push(line))

let nats: NatsServer
let connection: NatsConnection
let backend: { stop(): Promise<void> }
let admin: SecretsAdmin
let client: SecretsClient
before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'secrets' })
  backend = await startSecretsBackend({ connection, topic, transit: createXkey(), encryption, log })
  admin = createSecretsAdmin({ connection, ...where })
  client = createSecretsClient({ connection, topic, hostJwt })
})
after(async () => {
  await backend.stop()
  await connection.close()
  await nats.stop()
})

const reference = (key: string, more = {}) => ({ name: key, backend: 'nats-kv', key, ...more })

test('a text and bytes are stored sealed, and given to whom they were granted', async () => {
  const bytes = Uint8Array.of(0xff, 0, 0x80)
  await admin.put('text', { tag: 'string', val: 'correct horse' })
  await admin.put('bytes', { tag: 'bytes', val: bytes })
  await admin.grant(component, ['text', 'bytes'])
  assert.deepEqual(await client.fetch(reference('text'), entity), { tag: 'string', val: 'correct horse' })
  assert.deepEqual(await client.fetch(reference('bytes'), entity), { tag: 'bytes', val: bytes })
  const stored = (await (await Bucket.open(connection, 'WASMCLOUD_SECRETS')).get('text')) ?? new Uint8Array()
  assert.ok(!Buffer.from(stored).includes('correct horse'))
  assert.equal(Buffer.from(encryption.open(stored, encryption.publicKey)).toString(), 'correct horse')
})

test('an older version can be asked for', async () => {
  const first = await admin.put('versioned', { tag: 'string', val: 'one' })
  await admin.put('versioned', { tag: 'string', val: 'two' })
  await admin.grant(component, ['versioned'])
  assert.deepEqual(await client.fetch(reference('versioned'), entity), { tag: 'string', val: 'two' })
  const old = await client.fetch(reference('versioned', { version: String(first) }), entity)
  assert.deepEqual(old, { tag: 'string', val: 'one' })
  await assert.rejects(client.fetch(reference('versioned', { version: 'x' }), entity), {
    code: 'denied',
    message: /InvalidRequest/,
  })
})

test('what was not granted, was taken back, or is not there is refused with what to do', async () => {
  await admin.put('guarded', { tag: 'string', val: 'x' })
  const denied = { code: 'denied', message: /does not give it to this component.*weft secrets grant/ }
  await assert.rejects(client.fetch(reference('guarded'), entity), denied)
  await admin.grant(component, ['guarded', 'missing'])
  await client.fetch(reference('guarded'), entity)
  await admin.revoke(component, ['guarded'])
  await assert.rejects(client.fetch(reference('guarded'), entity), denied)
  await assert.rejects(client.fetch(reference('missing'), entity), { code: 'not_found' })
})

test('the names of secrets are listed with who may read each, and no value', async () => {
  const here = { topic: 'list', backend: 'nats-kv' }
  const listing = await startSecretsBackend({
    connection,
    topic: 'list',
    bucket: 'LIST',
    transit: createXkey(),
    encryption,
    log,
  })
  const keeper = createSecretsAdmin({ connection, ...here })
  assert.deepEqual(await keeper.list(), [])
  for (const key of ['shown', 'alone']) await keeper.put(key, { tag: 'string', val: 'correct horse' })
  await keeper.put('shown', { tag: 'string', val: 'correct horse 2' })
  await keeper.grant(component, ['shown', 'not-stored'])
  const heard: string[] = []
  const ear = subscribeGuarded(connection, '>', {
    log,
    onMessage: (message) => void heard.push(message.string()),
  })
  assert.deepEqual(await keeper.list(), [
    { key: 'alone', readers: [] },
    { key: 'shown', readers: [component] },
  ])
  await connection.flush()
  ear.unsubscribe()
  assert.ok(heard.length > 1 && !heard.join().includes('horse'))
  await listing.stop()
})

test('a backend that lists nothing, as wasmCloud’s, is told so', async () => {
  const other = subscribeGuarded(connection, secretsSubjects(topic, 'rust').any, {
    log,
    onMessage: (message) =>
      void message.respond(message.subject.endsWith('xkey') ? createXkey().publicKey : 'what?'),
  })
  await assert.rejects(createSecretsAdmin({ connection, topic, backend: 'rust' }).list(), {
    message: /^the secrets backend rust does not list what it has: /,
  })
  other.unsubscribe()
})

test('claims that do not hold get nothing, whatever was granted', async () => {
  await admin.put('mine', { tag: 'string', val: 'x' })
  await admin.grant(component, ['mine'])
  const [head = '', body = ''] = entity.jwt.split('.')
  const forged = { jwt: `${head}.${body}.${'A'.repeat(86)}` }
  await assert.rejects(client.fetch(reference('mine'), forged), {
    code: 'denied',
    message: /InvalidEntityJWT/,
  })
  const expired = signToken(account, { subject: component, metadata: {}, expires: 1 })
  await assert.rejects(client.fetch(reference('mine'), { jwt: expired }), { message: /expired at 1970/ })
  const noHost = createSecretsClient({ connection, topic, hostJwt: 'x' })
  await assert.rejects(noHost.fetch(reference('mine'), entity), { code: 'denied', message: /InvalidHostJWT/ })
})

test('a backend that is started anew with another key answers the second request', async () => {
  const begin = () =>
    startSecretsBackend({
      connection,
      topic: 'again',
      transit: createXkey(),
      encryption,
      bucket: 'AGAIN',
      log,
    })
  const first = await begin()
  const here = createSecretsAdmin({ connection, topic: 'again', backend: 'nats-kv' })
  const asking = createSecretsClient({ connection, topic: 'again', hostJwt })
  await here.put('k', { tag: 'string', val: 'v' })
  await here.grant(component, ['k'])
  await asking.fetch(reference('k'), entity)
  await first.stop()
  const second = await begin()
  await assert.rejects(asking.fetch(reference('k'), entity), { code: 'denied', message: /DecryptionError/ })
  assert.deepEqual(await asking.fetch(reference('k'), entity), { tag: 'string', val: 'v' })
  await second.stop()
})

test('a backend that is not there is named with its topic', async () => {
  await assert.rejects(client.fetch({ ...reference('x'), backend: 'vault' }, entity), {
    code: 'unavailable',
    message: /no secrets backend vault answers on wasmcloud\.secrets: start it with `weft secrets serve`/,
  })
})

test('hostile requests get the protocol’s errors and change nothing', async () => {
  const subjects = secretsSubjects(topic, 'nats-kv')
  const own = createXkey()
  const head = headers()
  head.set(hostXkeyHeader, own.publicKey)
  const wrong = headers()
  wrong.set(hostXkeyHeader, 'nonsense')
  const ask = async (subject: string, body: string | Uint8Array, header?: ReturnType<typeof headers>) =>
    (await connection.request(subject, body, { timeout: 3000, ...(header && { headers: header }) })).string()
  assert.equal(await ask(subjects.get, ''), '{"error":"InvalidPayload"}')
  assert.equal(await ask(subjects.get, '{}'), '{"error":"InvalidHeaders"}')
  assert.equal(await ask(subjects.get, '{}', wrong), '{"error":"InvalidXKey"}')
  assert.equal(await ask(subjects.get, 'not sealed', head), '{"error":"DecryptionError"}')
  const server = await ask(subjects.serverXkey, '')
  assert.equal(
    await ask(subjects.get, own.seal(Buffer.from('{"key":1}'), server), head),
    '{"error":"InvalidRequest"}',
  )
  const nothing = own.seal(Buffer.from('{"key":"k"}'), server)
  assert.equal(await ask(subjects.put, nothing, head), '{"revision":0,"error":"NoSecretProvided"}')
  assert.equal(await ask(`${topic}.v1alpha1.nats-kv.dance`, ''), 'unknown operation dance')
  assert.match(await ask(subjects.grant(component), '{"a":1}'), /expected a list/)
})

test('the error forms of other backends are understood', async () => {
  const answers = ['{"error":{"UpstreamError":"vault is sealed"}}', '{}', 'noise']
  const key = createXkey()
  const sub = subscribeGuarded(connection, secretsSubjects(topic, 'other').any, {
    log,
    onMessage: (message) => {
      message.respond(message.subject.endsWith('server_xkey') ? key.publicKey : (answers.shift() ?? ''))
    },
  })
  for (const expected of [
    { code: 'unavailable', message: /UpstreamError: vault is sealed/ },
    { code: 'unavailable', message: /neither a value nor an error/ },
    { code: 'invalid' },
  ]) {
    await assert.rejects(client.fetch({ ...reference('x'), backend: 'other' }, entity), expected)
  }
  sub.unsubscribe()
})

test('secrets of a link reach a provider process sealed; null when there are none', () => {
  const [host, provider] = [createXkey(), createXkey()]
  const secrets = {
    pw: { tag: 'string', val: 's3' },
    bin: { tag: 'bytes', val: Uint8Array.of(1, 2) },
  } as const
  const sealed = Uint8Array.from(sealedSecrets(secrets, { host, provider: provider.publicKey }) ?? [])
  assert.deepEqual(JSON.parse(Buffer.from(provider.open(sealed, host.publicKey)).toString()), {
    pw: { kind: 'String', value: 's3' },
    bin: { kind: 'Bytes', value: [1, 2] },
  })
  assert.deepEqual(providerSecrets({}), {})
  assert.equal(sealedSecrets({}, { host, provider: provider.publicKey }), null)
})

test('what the Rust crate nkeys 0.4.5 sealed is opened', () => {
  const own = xkeyFromSeed('SXAK4EIHCLZWFZG4ZWD7FNXJZMCM3JHPREAGRI76TUDMSRDGZDC4QYY3TY')
  const sealed = Buffer.from(
    '786b76318ed389054e98a73085a3a0d44dd55efcb4911bdeb740fc87ce1d92bee44864bb3c850256f009f3840a7f7aa5a9a3d2bd32',
    'hex',
  )
  const from = 'XBBDCUYCU5KB4QBGIQXY2CK7A4NFVQAVFY73GMI5GWA5HGYU46FRUSK2'
  assert.equal(Buffer.from(own.open(sealed, from)).toString(), 'from rust')
  assert.throws(() => own.open(sealed, createXkey().publicKey), { code: 'denied' })
})

test('a seed that is none is not repeated in the error', () => {
  assert.throws(
    () => xkeyFromSeed('SXhush'),
    (error: Error) => !error.message.includes('hush'),
  )
  const pair = createXkey()
  assert.equal(xkeyFromSeed(pair.seed).publicKey, pair.publicKey)
})

test('no value has come into a log line', () => {
  assert.ok(!JSON.stringify(lines).includes('correct horse'))
})
