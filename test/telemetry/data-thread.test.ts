import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

/** Where each foreign package that a file needs at run time, itself or through others, is imported. */
async function foreignImports(file: URL, seen = new Set<string>()): Promise<string[]> {
  if (seen.has(file.href)) return []
  seen.add(file.href)
  const text = await readFile(file, 'utf8')
  const names = [...text.matchAll(/^import (?!type )[^;]*?from '([^']+)'/gm)].map((match) => match[1] ?? '')
  const foreign = names.filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
  const below = names
    .filter((name) => name.startsWith('.'))
    .map((name) => foreignImports(new URL(name, file), seen))
  return [...foreign.map((name) => `${file.pathname}: ${name}`), ...(await Promise.all(below)).flat()]
}

const onDataThreads = [
  'trace-calls',
  'sampler',
  'span-buffer',
  'measurements',
  'deliver-measurements',
  'watch-thread',
]

for (const name of onDataThreads) {
  test(`${name}.ts runs on data threads and loads no OpenTelemetry package`, async () => {
    assert.deepEqual(await foreignImports(new URL(`../../src/telemetry/${name}.ts`, import.meta.url)), [])
  })
}
