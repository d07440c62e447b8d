import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { checkManifest } from '../../src/manifest/check-manifest.ts'
import { formatProblem } from '../../src/manifest/parse-manifest.ts'

const folder = join(import.meta.dirname, 'broken')
const expected = (await readFile(join(folder, 'expected.txt'), 'utf8')).trimEnd().split('\n')
const files = (await readdir(folder)).filter((file) => file !== 'expected.txt').toSorted()

describe('broken manifests are told what is wrong with them, all of it, and where', () => {
  for (const file of files) {
    test(file, async () => {
      const { manifest, problems } = checkManifest(await readFile(join(folder, file), 'utf8'))
      assert.equal(manifest, undefined)
      assert.deepEqual(
        problems.map((problem) => formatProblem(file, problem)),
        expected.filter((line) => line.startsWith(`${file}:`)),
      )
    })
  }

  test('there are 40 or more, and each has its messages', () => {
    assert.ok(files.length >= 40)
    assert.deepEqual([...new Set(expected.map((line) => line.slice(0, line.indexOf(':'))))], files)
  })
})
