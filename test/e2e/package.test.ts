import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../support/weft.ts'

const run = promisify(execFile)

test('the build runs without the sources, as program and as library', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-build-'))
  try {
    await run(
      process.execPath,
      [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'src', '--outDir', join(folder, 'dist')],
      { cwd: root },
    )
    for (const file of ['package.json', 'src/weft.mjs']) await cp(join(root, file), join(folder, file))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    const { stdout } = await run(process.execPath, [join(folder, 'src', 'weft.mjs'), '--version'])
    assert.match(stdout, /^weft \d+\.\d+\.\d+\n$/)
    const validated = await run(process.execPath, [
      join(folder, 'src', 'weft.mjs'),
      'app',
      'validate',
      join(root, 'manifests/hello/app.yaml'),
    ])
    assert.match(validated.stdout, /application hello .* is valid/)
    const library = (await import(join(folder, 'dist', 'src', 'index.js'))) as Record<string, unknown>
    assert.equal(typeof library['defineProvider'], 'function')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
