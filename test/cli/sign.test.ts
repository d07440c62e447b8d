import assert from 'node:assert/strict'
import { copyFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openProviderArchive, thisTarget } from '../../src/artifact/archive.ts'
import { componentClaims, providerClaims } from '../../src/claims/claims.ts'
import { createSigningKey } from '../../src/claims/nkey.ts'
import { openCli } from '../support/run-cli.ts'

const greeter = join(import.meta.dirname, '../../manifests/chain/greeter/greeter.wasm')
let folder: string
let cli: Awaited<ReturnType<typeof openCli>>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-sign-'))
  cli = await openCli()
  await copyFile(greeter, join(folder, 'greeter.wasm'))
})
after(async () => {
  await cli.close()
  await rm(folder, { recursive: true, force: true })
})

const claimsOf = async (path: string) => componentClaims(await readFile(path), path)

test('a component is signed beside itself, with keys that are the same the next time and for the owner alone', async () => {
  const file = join(folder, 'greeter.wasm')
  const first = JSON.parse((await cli.run('sign', file, '-o', 'json')).out)
  const second = JSON.parse(
    (await cli.run('sign', file, '--to', join(folder, 'again.wasm'), '-o', 'json')).out,
  )
  assert.equal(first.file, join(folder, 'greeter_s.wasm'))
  assert.deepEqual([second.subject, second.issuer], [first.subject, first.issuer])
  assert.equal((await claimsOf(first.file))?.subject, first.subject)
  const keys = join(cli.env['WEFT_STATE_DIR'] ?? '', 'keys')
  assert.equal((await stat(join(keys, 'issuer.account.seed'))).mode & 0o777, 0o600)
})

test('given keys and what is claimed are taken', async () => {
  const [issuer, subject] = [createSigningKey('account'), createSigningKey('component')]
  const to = join(folder, 'given.wasm')
  const seeds = ['--issuer-seed', issuer.seed, '--subject-seed', subject.seed]
  const about = [
    '--name',
    'given',
    '--ver',
    '2.0.0',
    '--rev',
    '9',
    '--tag',
    'a',
    '--tag',
    'b',
    '--expires-in-days',
    '1',
  ]
  const { code, err } = await cli.run('sign', join(folder, 'greeter.wasm'), '--to', to, ...seeds, ...about)
  assert.equal(code, 0, err)
  const claims = await claimsOf(to)
  assert.deepEqual(
    [claims?.issuer, claims?.subject, claims?.name, claims?.version, claims?.revision, claims?.tags],
    [issuer.publicKey, subject.publicKey, 'given', '2.0.0', 9, ['a', 'b']],
  )
  assert.ok((claims?.expires ?? 0) > Date.now() / 1000 + 80_000)
})

test('a program becomes a signed provider archive, and an archive is signed anew', async () => {
  const program = join(folder, 'redis')
  await writeFile(program, '#!/bin/sh\n')
  const made = await cli.run('sign', program, '--vendor', 'acme', '--ver', '1.0.0')
  assert.equal(made.code, 0, made.err)
  const path = `${program}_s.par.gz`
  const archive = await openProviderArchive(await readFile(path), path)
  assert.deepEqual(archive.targets, [thisTarget()])
  const claims = await providerClaims(archive, path)
  assert.deepEqual([claims?.name, claims?.vendor, claims?.version], ['redis', 'acme', '1.0.0'])
  assert.match(claims?.subject ?? '', /^V/)
  const again = await cli.run('sign', path, '--name', 'redis', '--to', join(folder, 'again.par.gz'))
  assert.equal(again.code, 0, again.err)
  const second = await openProviderArchive(await readFile(join(folder, 'again.par.gz')), 'again')
  assert.equal((await providerClaims(second, 'again'))?.subject, claims?.subject)
})

test('a core module, a missing file and a seed of another kind are refused', async () => {
  const core = await cli.run('sign', join(import.meta.dirname, '../guests/core-module.wasm'))
  assert.match(core.err, /is a core WebAssembly module/)
  assert.match((await cli.run('sign', '/nowhere.wasm')).err, /cannot read \/nowhere\.wasm/)
  const wrong = await cli.run(
    'sign',
    join(folder, 'greeter.wasm'),
    '--issuer-seed',
    createSigningKey('user').seed,
  )
  assert.deepEqual([wrong.code, /kind account \(SA…\)/.test(wrong.err)], [2, true])
})
