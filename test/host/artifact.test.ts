import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fetchArtifact } from '../../src/host/artifact.ts'

test('a file that is missing is named', async () => {
  await assert.rejects(fetchArtifact('file:///nowhere/x.wasm'), {
    code: 'not_found',
    message: 'file:///nowhere/x.wasm: there is no such file on this host',
  })
})

for (const ref of ['ghcr.io/x/hello:1', 'file://relative.wasm', 'hello.wasm']) {
  test(`${ref} is refused with what is expected`, async () => {
    await assert.rejects(fetchArtifact(ref), {
      code: 'invalid',
      message: /expected file:\/\/\/|absolute path/,
    })
  })
}
