import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openProviderArchive, thisTarget } from '../../src/artifact/archive.ts'
import { writeTar } from '../../src/artifact/write-tar.ts'

const files = {
  'claims.jwt': Buffer.from('e.y.j\n'),
  'world.wasm': Buffer.from('wit'),
  [`${thisTarget()}.bin`]: Buffer.alloc(1500, 7),
}

for (const [name, bytes] of [
  ['.par', writeTar(files)],
  ['.par.gz', gzipSync(writeTar(files))],
] as const) {
  test(`a ${name} gives its executable, claims and world`, async () => {
    const archive = await openProviderArchive(bytes, 'x')
    assert.equal(archive.jwt, 'e.y.j')
    assert.deepEqual(Buffer.from(archive.world ?? []), files['world.wasm'])
    assert.deepEqual(archive.targets, [thisTarget()])
    assert.deepEqual(Buffer.from(archive.executable(thisTarget())), Buffer.alloc(1500, 7))
  })
}

test('a machine that has no executable in it is told which do', async () => {
  const archive = await openProviderArchive(
    writeTar({ 'aarch64-macos.bin': Buffer.from('x') }),
    'redis.par.gz',
  )
  assert.throws(() => archive.executable('x86_64-linux'), {
    code: 'invalid',
    message: 'redis.par.gz has no executable for x86_64-linux, only for aarch64-macos',
  })
})

test('an unsigned archive has no claims', async () => {
  assert.equal(
    (await openProviderArchive(writeTar({ 'x86_64-linux.bin': Buffer.from('x') }), 'x')).jwt,
    undefined,
  )
})

const broken: readonly (readonly [what: string, bytes: Uint8Array, message: RegExp])[] = [
  ['noise', Buffer.alloc(2048, 'no archive'), /not a tar archive/],
  ['damaged gzip', gzipSync(writeTar(files)).subarray(0, 60), /the archive is damaged/],
  ['a cut tar', writeTar(files).subarray(0, 3000), /ends in the middle/],
  ['no executable', writeTar({ 'README.md': Buffer.from('hi') }), /such as x86_64-linux\.bin/],
  ['nothing', new Uint8Array(), /such as x86_64-linux\.bin/],
]
for (const [what, bytes, message] of broken) {
  test(`${what} is refused by name`, async () => {
    await assert.rejects(openProviderArchive(bytes, 'x.par'), { code: 'invalid', message })
  })
}
