import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { checkManifest } from '../../src/manifest/check-manifest.ts'
import { formatProblem } from '../../src/manifest/parse-manifest.ts'

const folder = join(import.meta.dirname, 'broken')
const expected = (await readFile(join(folder, 'expected.txt'), 'utf8')).trimEnd().split('\n')
const files = (await readdir(folder)).filter((file) => file !== 'expected.txt').toSorted()

/** An expected line that ends with … says nothing of the rest, such as a list that grows. */
function asFarAs(expectedLine: string | undefined, line: string): string {
  const end = expectedLine?.endsWith('…') ? expectedLine.length - 1 : undefined
  return end === undefined ? line : `${line.slice(0, end)}…`
}

describe('broken manifests are told what is wrong with them, all of it, and where', () => {
  for (const file of files) {
    test(file, async () => {
      const { manifest, problems } = checkManifest(await readFile(join(folder, file), 'utf8'))
      assert.equal(manifest, undefined)
      const lines = expected.filter((line) => line.startsWith(`${file}:`))
      assert.deepEqual(
        problems.map((problem, at) => asFarAs(lines[at], formatProblem(file, problem))),
        lines,
      )
    })
  }

  test('there are 40 or more, and each has its messages', () => {
    assert.ok(files.length >= 40)
    assert.deepEqual([...new Set(expected.map((line) => line.slice(0, line.indexOf(':'))))], files)
  })
})
