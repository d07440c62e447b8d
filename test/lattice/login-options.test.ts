import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createUser } from '@nats-io/nkeys'
import { connectNats } from '../../src/lattice/connect.ts'
import type { NatsLogin } from '../../src/nats-login.ts'
import { makeNatsAccounts, type NatsAccounts } from '../support/nats-accounts.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'

const tls = join(import.meta.dirname, '..', 'support', 'tls')
const tlsCa = join(tls, 'authority.pem')

let accounts: NatsAccounts
let nats: NatsServer
before(async () => {
  accounts = await makeNatsAccounts()
  nats = await startNats(accounts.args)
})
after(async () => {
  await nats.stop()
  await accounts.close()
})

async function connects(url: string, login: NatsLogin): Promise<void> {
  const connection = await connectNats({ url, name: 'test', login })
  await connection.flush()
  await connection.close()
}

test('a credentials file logs in', async () => {
  await connects(nats.url, { creds: (await accounts.user('one')).creds })
})

test('a user JWT and its seed log in, as text or as files', async () => {
  const { jwt, seed } = await accounts.user('two')
  await connects(nats.url, { jwt, seed })
  const files = { jwt: join(accounts.folder, 'two.jwt'), seed: join(accounts.folder, 'two.seed') }
  await writeFile(files.jwt, `${jwt}\n`)
  await writeFile(files.seed, `${seed}\n`)
  await connects(nats.url, files)
})

test('without a login the server says no, and the error says what to give', async () => {
  await assert.rejects(connects(nats.url, {}), { code: 'denied', message: /Check --nats-creds/ })
})

test('a JWT with the seed of another user is refused', async () => {
  const [one, other] = [await accounts.user('a'), await accounts.user('b')]
  await assert.rejects(connects(nats.url, { jwt: one.jwt, seed: other.seed }), { code: 'denied' })
})

test('half a login and two logins are refused before anything is sent', async () => {
  const { jwt, seed, creds } = await accounts.user('half')
  await assert.rejects(connects(nats.url, { jwt }), { code: 'invalid', message: /--nats-seed/ })
  await assert.rejects(connects(nats.url, { creds, seed }), { code: 'invalid', message: /not both/ })
})

test('a seed that is mistyped is not repeated in the error', async () => {
  const seed = new TextDecoder().decode(createUser().getSeed()).slice(0, -1)
  await assert.rejects(connects(nats.url, { seed }), (error: Error) => {
    assert.match(error.message, /^cannot read the NATS seed/)
    return !error.message.includes(seed)
  })
})

test('an nkey that the server knows logs in without a JWT', async () => {
  const user = createUser()
  const config = join(accounts.folder, 'nkey.conf')
  await writeFile(config, JSON.stringify({ authorization: { users: [{ nkey: user.getPublicKey() }] } }))
  const server = await startNats(['-c', config])
  try {
    await connects(server.url, { seed: new TextDecoder().decode(user.getSeed()) })
  } finally {
    await server.stop()
  }
})

for (const first of [false, true]) {
  test(`TLS with a private authority${first ? ', handshake first' : ''}`, async () => {
    const config = join(accounts.folder, `tls-${first}.conf`)
    const options = { cert_file: join(tls, 'server.pem'), key_file: join(tls, 'server-key.pem') }
    await writeFile(config, JSON.stringify({ tls: { ...options, handshake_first: first } }))
    const server = await startNats(['-c', config])
    const { url } = server
    try {
      await connects(url, { tlsCa, tlsFirst: first })
      await assert.rejects(connects(url, { tls: true, tlsFirst: first }), { code: 'unavailable' })
    } finally {
      await server.stop()
    }
  })
}

test('a server without TLS is refused when TLS is asked for', async () => {
  const { creds } = await accounts.user('plain')
  await assert.rejects(connects(nats.url, { creds, tls: true }), { code: 'unavailable' })
})
