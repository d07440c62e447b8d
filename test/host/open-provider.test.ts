import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { thisTarget } from '../../src/artifact/archive.ts'
import { Artifacts, defaultRules } from '../../src/artifact/artifacts.ts'
import { writeTar } from '../../src/artifact/write-tar.ts'
import type { Claims } from '../../src/claims/claims.ts'
import { createSigningKey } from '../../src/claims/nkey.ts'
import { signToken } from '../../src/claims/token.ts'
import { WeftError } from '../../src/errors.ts'
import { type OpenProviderParts, openProvider } from '../../src/host/open-provider.ts'
import { createLog } from '../../src/log.ts'

const program = Buffer.from('#!/bin/sh\necho provider\n')
const hash = createHash('sha256').update(program).digest('hex').toUpperCase()
const subject = createSigningKey('provider').publicKey
const jwt = signToken(createSigningKey('account'), {
  subject,
  metadata: { name: 'redis', vendor: 'acme', ver: '1.0.0', target_hashes: { [thisTarget()]: hash } },
})
let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-open-provider-'))
})
after(() => rm(folder, { recursive: true, force: true }))

function partsWith(more: Partial<OpenProviderParts> = {}): OpenProviderParts {
  const options = {
    rules: defaultRules,
    cacheDir: join(folder, 'cache'),
    env: {},
    log: createLog(() => undefined),
  }
  return {
    artifacts: new Artifacts(options),
    requireSigned: false,
    providerDir: join(folder, 'providers'),
    permit: async () => {},
    ...more,
  }
}

async function fileOf(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes, { mode: 0o755 })
  return pathToFileURL(join(folder, name)).href
}

test('an archive is unpacked to a program for this machine, its claims in hand; a damaged one is unpacked again', async () => {
  const archive = gzipSync(writeTar({ 'claims.jwt': Buffer.from(jwt), [`${thisTarget()}.bin`]: program }))
  const ref = await fileOf('redis.par.gz', archive)
  const asked: (Claims | undefined)[] = []
  const parts = partsWith({ requireSigned: true, permit: async (claims) => void asked.push(claims) })
  const { path, claims } = await openProvider(ref, parts)
  assert.equal(execFileSync(path).toString(), 'provider\n')
  assert.equal(claims?.subject, subject)
  assert.deepEqual(asked, [claims])
  await truncate(path, 3)
  assert.equal((await openProvider(ref, parts)).path, path)
  assert.equal(execFileSync(path).toString(), 'provider\n')
})

test('a file that is no archive is a program as it stands', async () => {
  const ref = await fileOf('plain', program)
  assert.deepEqual(await openProvider(ref, partsWith()), { path: join(folder, 'plain'), claims: undefined })
})

test('unsigned providers, other executables and what the policy denies are refused', async () => {
  const unsigned = await fileOf('unsigned.par', writeTar({ [`${thisTarget()}.bin`]: program }))
  const plain = await fileOf('plain-too', program)
  for (const ref of [unsigned, plain])
    await assert.rejects(openProvider(ref, partsWith({ requireSigned: true })), {
      code: 'denied',
      message: /is not signed/,
    })
  const changed = writeTar({
    'claims.jwt': Buffer.from(jwt),
    [`${thisTarget()}.bin`]: Buffer.from('#!/bin/evil'),
  })
  await assert.rejects(openProvider(await fileOf('changed.par', changed), partsWith()), {
    code: 'denied',
    message: /another .* executable/,
  })
  const permit = () => Promise.reject(new WeftError('denied', 'no'))
  await assert.rejects(openProvider(unsigned, partsWith({ permit })), { message: 'no' })
})
