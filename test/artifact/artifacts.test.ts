import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type ArtifactRules, Artifacts, defaultRules } from '../../src/artifact/artifacts.ts'
import { credentialsFrom } from '../../src/artifact/credentials.ts'
import type { ArtifactKind } from '../../src/artifact/media-types.ts'
import { pushArtifact } from '../../src/artifact/push.ts'
import { parseReference } from '../../src/artifact/reference.ts'
import { Registry } from '../../src/artifact/registry.ts'
import { digestOf } from '../../src/claims/digest.ts'
import { createLog, type LogRecord } from '../../src/log.ts'
import { findRegistry, registryUser, startRegistry, type TestRegistry } from '../support/start-registry.ts'

const program = await findRegistry()
const skip = program === undefined && 'there is no registry program (docker-registry) on this machine'
let folder: string
let open: TestRegistry | undefined
let login: TestRegistry | undefined
const lines: LogRecord[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-artifacts-'))
  if (program === undefined) return
  open = await startRegistry(program, 'open')
  login = await startRegistry(program, 'login')
})
after(async () => {
  await open?.stop()
  await login?.stop()
  await rm(folder, { recursive: true, force: true })
})

function artifactsWith(rules: Partial<ArtifactRules> = {}, env = {}, cache = `cache-${Math.random()}`) {
  return new Artifacts({
    rules: { ...defaultRules, ...rules },
    cacheDir: join(folder, cache),
    env: { DOCKER_CONFIG: folder, ...env },
    log: createLog((line) => lines.push(line)),
  })
}

async function push(ref: string, bytes: Uint8Array, kind: ArtifactKind = 'component') {
  const image = parseReference(ref)
  assert.ok(image.kind === 'image')
  const registry = new Registry({ image, access: 'push', insecure: true, credential: registryUser })
  return pushArtifact({ registry, image, kind, bytes })
}

const wasm = Buffer.from('\0asm, more or less', 'latin1')

test('what was pushed is pulled by tag and by digest, and both digests are right', { skip }, async () => {
  const host = open?.host ?? ''
  const { digest } = await push(`${host}/acme/hello:1.0.0`, wasm)
  const artifacts = artifactsWith({ allowedInsecure: [host] })
  for (const ref of [`${host}/acme/hello:1.0.0`, `oci://${host}/acme/hello@${digest}`]) {
    const pulled = await artifacts.fetch(ref, 'component')
    assert.deepEqual(Buffer.from(pulled.bytes), wasm)
    assert.equal(pulled.digest, digest)
  }
})

test('a large artifact goes up in pieces and comes down whole', { skip }, async () => {
  const host = open?.host ?? ''
  const large = Buffer.alloc(9 * 1024 * 1024 + 17, 'piece')
  await push(`${host}/acme/large:1`, large)
  const { bytes } = await artifactsWith({ allowedInsecure: [host] }).fetch(
    `${host}/acme/large:1`,
    'component',
  )
  assert.equal(
    createHash('sha256').update(bytes).digest('hex'),
    createHash('sha256').update(large).digest('hex'),
  )
})

test('the registry goes away: a digest and the last meaning of a tag are still there', { skip }, async () => {
  const registry = await startRegistry(program ?? '', 'open')
  const rules = { allowedInsecure: [registry.host] }
  const ref = `${registry.host}/acme/hello`
  const { digest } = await push(`${ref}:1`, wasm)
  await artifactsWith(rules, {}, 'kept').fetch(`${ref}:1`, 'component')
  await registry.stop()
  const artifacts = artifactsWith(rules, {}, 'kept')
  assert.equal((await artifacts.fetch(`${ref}:1`, 'component')).digest, digest)
  assert.match(lines.at(-1)?.message ?? '', /cannot be reached; using what the tag last meant/)
  assert.deepEqual(Buffer.from((await artifacts.fetch(`${ref}@${digest}`, 'component')).bytes), wasm)
  await assert.rejects(artifacts.fetch(`${ref}:2`, 'component'), {
    code: 'unavailable',
    message: /cannot reach/,
  })
})

test('a damaged file in the cache is downloaded again', { skip }, async () => {
  const host = open?.host ?? ''
  const rules = { allowedInsecure: [host] }
  await push(`${host}/acme/damaged:1`, wasm)
  await artifactsWith(rules, {}, 'damaged').fetch(`${host}/acme/damaged:1`, 'component')
  const blobs = join(folder, 'damaged', 'blobs')
  for (const name of await readdir(blobs)) await truncate(join(blobs, name), 3)
  const again = await artifactsWith(rules, {}, 'damaged').fetch(`${host}/acme/damaged:1`, 'component')
  assert.deepEqual(Buffer.from(again.bytes), wasm)
})

test('a registry that wants a login: none, a wrong one, registry.put, flags and docker config', {
  skip,
}, async () => {
  const host = login?.host ?? ''
  const rules = { allowedInsecure: [host] }
  const ref = `${host}/acme/hello:1`
  await push(ref, wasm)
  await assert.rejects(artifactsWith(rules).fetch(ref, 'component'), {
    code: 'denied',
    message: /no login is known for it: log in with docker login/,
  })
  const artifacts = artifactsWith({
    ...rules,
    credentials: { [host]: { username: 'ada', password: 'wrong' } },
  })
  await assert.rejects(artifacts.fetch(ref, 'component'), { code: 'denied', message: /does not do/ })
  artifacts.addCredentials(credentialsFrom({ [host]: { ...registryUser, registryType: 'oci' } }))
  assert.deepEqual(Buffer.from((await artifacts.fetch(ref, 'component')).bytes), wasm)

  const docker = join(folder, 'docker')
  await mkdir(docker)
  const auth = btoa(`${registryUser.username}:${registryUser.password}`)
  await writeFile(join(docker, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  const byDocker = await artifactsWith(rules, { DOCKER_CONFIG: docker }).fetch(ref, 'component')
  assert.deepEqual(Buffer.from(byDocker.bytes), wasm)
})

test('what is not there, is too large, or is of another kind is named', { skip }, async () => {
  const host = open?.host ?? ''
  const artifacts = artifactsWith({ allowedInsecure: [host], largestComponent: 10 })
  await push(`${host}/acme/hello:1`, wasm)
  await push(`${host}/acme/provider:1`, wasm, 'provider')
  await assert.rejects(artifacts.fetch(`${host}/acme/none:1`, 'component'), { code: 'not_found' })
  await assert.rejects(artifacts.fetch(`${host}/acme/hello:1`, 'component'), {
    code: 'exhausted',
    message: /has 18 bytes, this host takes 10/,
  })
  await assert.rejects(artifacts.fetch(`${host}/acme/provider:1`, 'component'), {
    code: 'invalid',
    message: /it is a provider/,
  })
  const { bytes } = await artifacts.fetch(`${host}/acme/provider:1`, 'provider')
  assert.deepEqual(Buffer.from(bytes), wasm)
})

test('plain HTTP that was not allowed is an error that says how to allow it', { skip }, async () => {
  const host = open?.host ?? ''
  await assert.rejects(artifactsWith().fetch(`${host}/acme/hello:1`, 'component'), {
    code: 'unavailable',
    message: new RegExp(`speaks plain HTTP; allow that with --allowed-insecure ${host}`),
  })
})

test('the tag latest is refused, by name or by leaving it out, unless it is allowed', async () => {
  for (const ref of ['ghcr.io/acme/hello:latest', 'ghcr.io/acme/hello']) {
    await assert.rejects(artifactsWith().fetch(ref, 'component'), {
      code: 'denied',
      message: /--allow-latest/,
    })
  }
})

test('a file is read, unless files are refused; a missing one and a folder are named', async () => {
  const path = join(folder, 'x.wasm')
  await writeFile(path, wasm)
  const ref = pathToFileURL(path).href
  assert.deepEqual(Buffer.from((await artifactsWith().fetch(ref, 'component')).bytes), wasm)
  await assert.rejects(artifactsWith({ allowFiles: false }).fetch(ref, 'component'), {
    code: 'denied',
    message: 'unable to start component from file, file loading is disabled',
  })
  await assert.rejects(artifactsWith().fetch('file:///nowhere/x.wasm', 'component'), {
    code: 'not_found',
    message: 'file:///nowhere/x.wasm: there is no such file on this host',
  })
  await assert.rejects(artifactsWith().fetch(pathToFileURL(folder).href, 'component'), {
    code: 'invalid',
    message: /is not a file/,
  })
})

test('a download that breaks off goes on where it broke; many asks are one download', async () => {
  const large = Buffer.alloc(300_000, 'abc')
  const ranges: (string | undefined)[] = []
  const fake = await fakeRegistry(large, (request, response) => {
    ranges.push(request.headers.range)
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (ranges.length < 3) {
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': large.length - start })
      response.write(large.subarray(start, start + 100_000), () => response.destroy())
    } else response.writeHead(206).end(large.subarray(start))
  })
  try {
    const artifacts = artifactsWith({ allowedInsecure: [fake.host] })
    const all = await Promise.all([1, 2, 3].map(() => artifacts.fetch(`${fake.host}/x:1`, 'component')))
    assert.ok(all.every(({ bytes }) => Buffer.from(bytes).equals(large)))
    assert.equal(ranges.length, 3)
    assert.equal(ranges[0], undefined)
    assert.match(ranges[2] ?? '', /^bytes=[1-9]\d+-$/)
  } finally {
    await fake.stop()
  }
})

test('other bytes than the manifest names are refused', async () => {
  const fake = await fakeRegistry(wasm, (_, response) => response.end(Buffer.alloc(wasm.length, 'x')))
  try {
    await assert.rejects(
      artifactsWith({ allowedInsecure: [fake.host] }).fetch(`${fake.host}/x:1`, 'component'),
      {
        code: 'unavailable',
        message: /sent other bytes than its manifest names/,
      },
    )
  } finally {
    await fake.stop()
  }
})

test('a token is fetched from the realm that the registry names, with the scope it takes', async () => {
  const fake = await fakeRegistry(wasm, (_, response) => response.end(wasm), { token: 'let-me-in' })
  try {
    const artifacts = artifactsWith({
      allowedInsecure: [fake.host],
      credentials: { [fake.host]: registryUser },
    })
    assert.deepEqual(Buffer.from((await artifacts.fetch(`${fake.host}/x:1`, 'component')).bytes), wasm)
    assert.equal(fake.tokenRequests[0], '/token?service=tests&scope=repository%3Ax%3Apull')
  } finally {
    await fake.stop()
  }
})

test('older media types of components are taken, an index of one is followed, other things are named', async () => {
  const types = [
    'application/vnd.module.wasm.content.layer.v1+wasm',
    'application/vnd.oci.image.layer.v1.tar',
  ]
  for (const mediaType of types) {
    const fake = await fakeRegistry(wasm, (_, response) => response.end(wasm), { mediaType })
    const { bytes } = await artifactsWith({ allowedInsecure: [fake.host] }).fetch(
      `${fake.host}/x:1`,
      'component',
    )
    assert.deepEqual(Buffer.from(bytes), wasm)
    await fake.stop()
  }
  const text = await fakeRegistry(wasm, (_, response) => response.end(wasm), { mediaType: 'text/plain' })
  await assert.rejects(
    artifactsWith({ allowedInsecure: [text.host] }).fetch(`${text.host}/x:1`, 'component'),
    {
      code: 'invalid',
      message: /expected one layer with a component \(application\/wasm\), got text\/plain/,
    },
  )
  await text.stop()
  const index = await fakeRegistry(wasm, (_, response) => response.end(wasm), { isIndex: true })
  const { bytes } = await artifactsWith({ allowedInsecure: [index.host] }).fetch(
    `${index.host}/x:1`,
    'component',
  )
  assert.deepEqual(Buffer.from(bytes), wasm)
  await index.stop()
})

test('a manifest that is none is refused', async () => {
  const manifests = [
    'noise',
    '[]',
    '{}',
    '{"layers":[{"mediaType":"application/wasm","digest":"sha256:../../x","size":1}]}',
  ]
  for (const manifest of manifests) {
    const fake = await fakeRegistry(wasm, (_, response) => response.end(wasm), { manifest })
    const artifacts = artifactsWith({ allowedInsecure: [fake.host] })
    await assert.rejects(artifacts.fetch(`${fake.host}/x:1`, 'component'), {
      code: 'invalid',
      message: /its manifest/,
    })
    await fake.stop()
  }
})

test('a manifest that grows without end is not read on', async () => {
  const block = Buffer.alloc(1024 * 1024, ' ')
  let sent = 0
  const server = createServer((_, response) => {
    const more = () => {
      while (sent < 512 && !response.destroyed) {
        sent += 1
        if (!response.write(block)) return
      }
      response.end()
    }
    response.on('drain', more)
    more()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  try {
    await assert.rejects(artifactsWith({ allowedInsecure: [host] }).fetch(`${host}/x:1`, 'component'), {
      code: 'invalid',
      message: /its manifest is too large/,
    })
    assert.ok(sent < 64, `${sent} MiB were taken`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

/** A registry with one artifact whose blob `sendBlob` answers; with a token it asks for that first. */
async function fakeRegistry(
  blob: Buffer,
  sendBlob: (request: IncomingMessage, response: ServerResponse) => void,
  more: {
    readonly token?: string
    readonly mediaType?: string
    readonly isIndex?: boolean
    readonly manifest?: string
  } = {},
) {
  const { token, mediaType = 'application/wasm' } = more
  const tokenRequests: string[] = []
  const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`
  const layers = [{ mediaType, digest, size: blob.length }]
  const manifest = more.manifest ?? JSON.stringify({ schemaVersion: 2, config: {}, layers })
  const index = JSON.stringify({
    manifests: [{ mediaType: 'm', digest: await digestOf(Buffer.from(manifest)), size: manifest.length }],
  })
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    if (url.startsWith('/token')) {
      tokenRequests.push(url)
      response.end(JSON.stringify({ token }))
    } else if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      const realm = `http://${request.headers.host}/token`
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="tests"` }).end()
    } else if (url.includes('/manifests/'))
      response.end(more.isIndex && !url.includes('sha256') ? index : manifest)
    else sendBlob(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokenRequests,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
