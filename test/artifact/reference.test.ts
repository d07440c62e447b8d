import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatReference, parseReference } from '../../src/artifact/reference.ts'

const digest = `sha256:${'a'.repeat(64)}`
const images: readonly (readonly [ref: string, formatted: string])[] = [
  ['ghcr.io/acme/hello:1.0.0', 'ghcr.io/acme/hello:1.0.0'],
  ['oci://ghcr.io/acme/hello:1.0.0', 'ghcr.io/acme/hello:1.0.0'],
  ['https://ghcr.io/acme/hello:1.0.0', 'ghcr.io/acme/hello:1.0.0'],
  ['localhost:5000/hello', 'localhost:5000/hello:latest'],
  [`localhost:5000/hello@${digest}`, `localhost:5000/hello@${digest}`],
  [`ghcr.io/acme/hello:1@${digest}`, `ghcr.io/acme/hello:1@${digest}`],
  ['acme/hello:1', 'docker.io/acme/hello:1'],
]
for (const [ref, formatted] of images) {
  test(`${ref} is ${formatted}`, () => {
    const parsed = parseReference(ref)
    assert.ok(parsed.kind === 'image')
    assert.equal(formatReference(parsed), formatted)
  })
}

test('a file URL is a file', () => {
  assert.deepEqual(parseReference('file:///srv/my%20app.wasm'), { kind: 'file', path: '/srv/my app.wasm' })
})

const refused: readonly (readonly [ref: string, message: RegExp])[] = [
  ['hello.wasm', /expected file:\/\/\/path/],
  ['file://relative.wasm', /not a file URL with an absolute path/],
  ['s3://bucket/x', /expected file:\/\/\//],
  ['ghcr.io/Acme/hello:1', /lower case/],
  ['ghcr.io/acme/hello:-1', /its tag "-1"/],
  ['ghcr.io/acme/hello@sha256:123', /64 hex digits/],
  ['ghcr.io/acme/../../x:1', /lower case/],
  ['', /expected file:/],
]
for (const [ref, message] of refused) {
  test(`${JSON.stringify(ref)} is refused`, () => {
    assert.throws(() => parseReference(ref), { code: 'invalid', message })
  })
}
