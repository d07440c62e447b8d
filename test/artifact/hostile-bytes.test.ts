import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { openProviderArchive } from '../../src/artifact/archive.ts'
import { readManifest } from '../../src/artifact/manifest.ts'
import { writeTar } from '../../src/artifact/write-tar.ts'
import { componentClaims } from '../../src/claims/claims.ts'
import { verifyToken } from '../../src/claims/token.ts'
import { WeftError } from '../../src/errors.ts'

const rounds = 400
const signed = await readFile(join(import.meta.dirname, '../claims/signed-by-wascap.wasm'))
const tar = Buffer.from(
  writeTar({ 'claims.jwt': Buffer.from('x'), 'x86_64-linux.bin': Buffer.alloc(700, 1) }),
)
const manifest = Buffer.from(
  '{"config":{},"layers":[{"mediaType":"application/wasm","digest":"sha256:0","size":1}]}',
)
const image = { kind: 'image', registry: 'r', repository: 'x', tag: '1' } as const
const jwt = Buffer.from('eyJ0eXAiOiJqd3QiLCJhbGciOiJFZDI1NTE5In0.eyJpc3MiOiJBIiwic3ViIjoiTSJ9.AAAA')

const readers: readonly (readonly [what: string, sample: Buffer, read: (bytes: Buffer) => unknown])[] = [
  ['a signed component', signed, (bytes) => componentClaims(bytes, 'x')],
  ['a tar archive', tar, (bytes) => openProviderArchive(bytes, 'x')],
  ['a gzipped archive', gzipSync(tar), (bytes) => openProviderArchive(bytes, 'x')],
  ['a manifest', manifest, (bytes) => readManifest(image, bytes.toString())],
  ['a token', jwt, (bytes) => verifyToken(bytes.toString(), 'x')],
]
for (const [what, sample, read] of readers) {
  test(`${what}, cut or with changed bytes, is read or refused, never a crash`, async () => {
    const random = generator(what.length)
    for (let round = 0; round < rounds; round += 1) {
      const bytes = Buffer.from(sample.subarray(0, random(4) === 0 ? random(sample.length) : sample.length))
      for (let change = random(4); change >= 0 && bytes.length > 0; change -= 1)
        bytes[random(bytes.length)] = random(256)
      try {
        await read(bytes)
      } catch (error) {
        assert.ok(error instanceof WeftError, `round ${round}: ${String(error)}`)
      }
    }
  })
}

/** Numbers below `limit`, the same in every run (xorshift). */
function generator(seed: number): (limit: number) => number {
  let state = seed * 2654435761 + 1
  return (limit) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % limit
  }
}
