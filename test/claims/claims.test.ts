import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { componentClaims, providerClaims } from '../../src/claims/claims.ts'
import { createSigningKey } from '../../src/claims/nkey.ts'
import { type SignOptions, signComponent } from '../../src/claims/sign-component.ts'
import { signToken } from '../../src/claims/token.ts'
import { wasmHash, withToken } from '../../src/claims/wasm-token.ts'

const guest = await readFile(join(import.meta.dirname, '../../manifests/chain/greeter/greeter.wasm'))
const issuer = createSigningKey('account')
const subject = createSigningKey('component').publicKey
const now = Math.floor(Date.now() / 1000)

function signed(more: Partial<SignOptions> = {}): Promise<Uint8Array> {
  return signComponent(guest, { issuer, subject, name: 'greeter', ...more }, 'greeter.wasm')
}

test('an unsigned component has no claims', async () => {
  assert.equal(await componentClaims(guest, 'x'), undefined)
})

test('what was signed is read back, also when it was signed twice', async () => {
  const once = await signed({ version: '1.2.3', revision: 4, tags: ['a', 'b'], expires: now + 60 })
  const twice = await signComponent(once, { issuer, subject, name: 'again' }, 'x')
  const { jwt, issuedAt, ...claims } = (await componentClaims(once, 'x')) ?? {}
  assert.deepEqual(claims, {
    subject,
    issuer: issuer.publicKey,
    expires: now + 60,
    name: 'greeter',
    version: '1.2.3',
    revision: 4,
    tags: ['a', 'b'],
  })
  assert.ok((issuedAt ?? 0) >= now && jwt?.startsWith('ey'))
  assert.equal((await componentClaims(twice, 'x'))?.name, 'again')
})

test('the hash is of the component without its token, whatever token that is', async () => {
  assert.equal(await wasmHash(await signed(), 'x'), await wasmHash(guest, 'x'))
})

test('lengths in more bytes than need be do not change the hash, nor do tokens of inner modules', async () => {
  const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 3, 1, 0x78, 7)
  const padded = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 0, 0x83, 0x00, 1, 0x78, 7)
  assert.equal(await wasmHash(component, 'x'), await wasmHash(padded, 'x'))
  const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
  const nest = (inner: Uint8Array) =>
    Buffer.concat([component.subarray(0, 8), Uint8Array.of(1, inner.length), inner])
  assert.equal(await wasmHash(nest(module), 'x'), await wasmHash(nest(withToken(module, 'short', 'x')), 'x'))
})

const refusals: readonly (readonly [
  what: string,
  wasm: () => Uint8Array | Promise<Uint8Array>,
  message: RegExp,
])[] = [
  ['expired', () => signed({ expires: now - 10 }), /x\.wasm: its claims expired at 20\d\d-/],
  ['not valid yet', () => signed({ notBefore: now + 1000 }), /are not valid before/],
  [
    'of other bytes',
    async () => Buffer.concat([await signed(), Uint8Array.of(0, 2, 1, 0x78)]),
    /are of other bytes/,
  ],
  ['no JWT at all', () => withToken(guest, 'hello', 'x'), /are not a JWT/],
  [
    'signed by another than their issuer',
    () => withToken(guest, forged(), 'x'),
    /are not signed by their issuer/,
  ],
  ['for a key that is no component', () => signed({ subject: issuer.publicKey }), /no component's key/],
]
for (const [what, wasm, message] of refusals) {
  test(`claims that are ${what} are refused with the reason`, async () => {
    await assert.rejects(componentClaims(await wasm(), 'x.wasm'), { code: 'denied', message })
  })
}

test('a component that wascap 0.16.2 signed is read, and a changed byte in it is seen', async () => {
  const wasm = await readFile(join(import.meta.dirname, 'signed-by-wascap.wasm'))
  const { name, version, revision, tags } = (await componentClaims(wasm, 'x')) ?? {}
  assert.deepEqual(
    { name, version, revision, tags },
    { name: 'rusty', version: '1.2.3', revision: 7, tags: ['t1'] },
  )
  const changed = Buffer.from(wasm)
  changed[15] = 0x21
  await assert.rejects(componentClaims(changed, 'x'), { code: 'denied', message: /of other bytes/ })
})

test('a component that is cut is invalid, not a crash', async () => {
  await assert.rejects(componentClaims((await signed()).subarray(0, 100), 'x'), {
    code: 'invalid',
    message: /cut or damaged/,
  })
})

test("a provider archive's claims are checked against its executables", async () => {
  const program = Buffer.from('#!/bin/true')
  const hash = createHash('sha256').update(program).digest('hex').toUpperCase()
  const provider = createSigningKey('provider').publicKey
  const metadata = {
    name: 'redis',
    vendor: 'acme',
    ver: '1.0.0',
    rev: 1,
    target_hashes: { 'x86_64-linux': hash },
  }
  const archive = (executable: Uint8Array, jwt?: string) => ({
    jwt,
    targets: ['x86_64-linux'],
    executable: () => executable,
  })
  const jwt = signToken(issuer, { subject: provider, metadata })
  const { name, vendor, version } = (await providerClaims(archive(program, jwt), 'redis')) ?? {}
  assert.deepEqual({ name, vendor, version }, { name: 'redis', vendor: 'acme', version: '1.0.0' })
  assert.equal(await providerClaims(archive(program), 'redis'), undefined)
  await assert.rejects(providerClaims(archive(Buffer.from('other'), jwt), 'redis.par.gz'), {
    code: 'denied',
    message: /another x86_64-linux executable/,
  })
})

function forged(): string {
  const [head = '', body = ''] = signToken(issuer, { subject, metadata: {} }).split('.')
  const signature = createSigningKey('account').sign(Buffer.from(`${head}.${body}`))
  return `${head}.${body}.${Buffer.from(signature).toString('base64url')}`
}
