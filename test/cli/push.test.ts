import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { writeTar } from '../../src/artifact/write-tar.ts'
import { openCli } from '../support/run-cli.ts'
import { findRegistry, registryUser, startRegistry, type TestRegistry } from '../support/start-registry.ts'

const program = await findRegistry()
const skip = program === undefined && 'there is no registry program (docker-registry) on this machine'
const greeter = join(import.meta.dirname, '../../manifests/chain/greeter/greeter.wasm')
let folder: string
let registry: TestRegistry | undefined
let cli: Awaited<ReturnType<typeof openCli>>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-push-'))
  if (program !== undefined) registry = await startRegistry(program, 'login')
  cli = await openCli({
    XDG_CACHE_HOME: folder,
    DOCKER_CONFIG: folder,
    WEFT_OCI_REGISTRY: registry?.host ?? '',
    WEFT_OCI_USER: registry ? registryUser.username : '',
    WEFT_OCI_PASSWORD: registry ? registryUser.password : '',
  })
})
after(async () => {
  await registry?.stop()
  await cli.close()
  await rm(folder, { recursive: true, force: true })
})

test('a component goes to a registry and comes back, with its digest printed', { skip }, async () => {
  const ref = `${registry?.host}/acme/greeter:1.0.0`
  const pushed = await cli.run('push', ref, greeter, '--insecure')
  assert.equal(pushed.code, 0, pushed.err)
  const byDigest = /^\S+@sha256:[a-f0-9]{64}$/m.exec(pushed.out)?.[0] ?? ''
  assert.match(pushed.out, new RegExp(`^${ref}  component, 17\\.7 kB\n`))
  const to = join(folder, 'back.wasm')
  const pulled = await cli.run('pull', byDigest, '--insecure', '--to', to, '-o', 'json')
  assert.equal(pulled.code, 0, pulled.err)
  const { kind, digest, size, file } = JSON.parse(pulled.out)
  assert.deepEqual({ kind, size, file }, { kind: 'component', size: 17748, file: to })
  assert.ok(byDigest.endsWith(digest))
  assert.deepEqual(await readFile(to), await readFile(greeter))
})

test('a provider archive goes the same way', { skip }, async () => {
  const file = join(folder, 'redis.par.gz')
  await writeFile(file, gzipSync(writeTar({ 'x86_64-linux.bin': Buffer.from('#!/bin/true\n') })))
  const ref = `${registry?.host}/acme/redis:1`
  assert.match((await cli.run('push', ref, file, '--insecure')).out, /provider, /)
  const to = join(folder, 'redis-back.par.gz')
  assert.match((await cli.run('pull', ref, '--insecure', '--to', to)).out, /provider, /)
  assert.deepEqual(await readFile(to), await readFile(file))
})

test('a file that is neither, a digest to push to and a missing file are refused', async () => {
  const text = join(folder, 'text.txt')
  await writeFile(text, 'hello')
  const noArchive = await cli.run('push', 'localhost:1/x:1', text)
  assert.equal(noArchive.code, 2)
  assert.match(noArchive.err, /expected a provider archive/)
  const digest = await cli.run('push', `localhost:1/x@sha256:${'0'.repeat(64)}`, greeter)
  assert.match(digest.err, /push to a tag/)
  assert.match((await cli.run('push', 'localhost:1/x:1', '/nowhere.wasm')).err, /cannot read \/nowhere\.wasm/)
  assert.equal((await cli.run('push')).code, 2)
  assert.match((await cli.run('pull', 'file:///x.wasm')).err, /is a file; expected registry/)
})
