import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { WeftError } from '../errors.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { formatProblem } from '../manifest/parse-manifest.ts'
import { resolveReferences } from '../manifest/resolve-references.ts'
import { checkComponents } from './check-components.ts'

export interface ReadApp {
  /** With absolute references, as hosts need them. */
  readonly manifest: Manifest
  /** Lines for people about what will work but was probably not meant. */
  readonly warnings: readonly string[]
}

/**
 * Reads a manifest file and the component files that it names. `invalid` with every problem on a line of its own, as
 * `file:line:column: what is wrong`.
 */
export async function readApp(file: string): Promise<ReadApp> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new WeftError('invalid', `${file}: ${reason}`, { cause: error })
  })
  const checked = checkManifest(text)
  const lines = (problems: typeof checked.problems) => problems.map((problem) => formatProblem(file, problem))
  if (!checked.manifest) throw new WeftError('invalid', listed(lines(checked.problems)))
  const manifest = resolveReferences(checked.manifest, dirname(resolve(file)))
  const found = await checkComponents(manifest, checked.at)
  if (found.problems.length > 0) throw new WeftError('invalid', listed(lines(found.problems)))
  return { manifest, warnings: [...lines(checked.warnings), ...lines(found.warnings)] }
}

function listed(lines: readonly string[]): string {
  return lines.length === 1 ? (lines[0] ?? '') : `${lines.length} problems\n${lines.join('\n')}`
}
