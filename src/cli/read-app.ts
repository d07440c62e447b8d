import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { WeftError } from '../errors.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { formatProblem } from '../manifest/parse-manifest.ts'
import { byPlace, type Problem } from '../manifest/report.ts'
import { resolveReferences } from '../manifest/resolve-references.ts'
import { checkComponents, checkImages } from './check-components.ts'

export interface ReadApp {
  /** With absolute references, as hosts need them. */
  readonly manifest: Manifest
  /** Lines for people about what will work but was probably not meant. */
  readonly warnings: readonly string[]
}

export interface InspectedApp {
  /** Undefined when there are problems. */
  readonly manifest: Manifest | undefined
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/**
 * Reads a manifest file and the component files that it names. `invalid` with every problem on a line of its own, as
 * `file:line:column: what is wrong`.
 */
export async function readApp(file: string): Promise<ReadApp> {
  const { manifest, problems, warnings } = await inspectApp(file)
  const lines = (found: readonly Problem[]) => found.map((problem) => formatProblem(file, problem))
  if (!manifest) throw new WeftError('invalid', listed(lines(problems)))
  return { manifest, warnings: lines(warnings) }
}

/** The same with the problems as data; throws only when the file can't be read. */
export async function inspectApp(file: string): Promise<InspectedApp> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new WeftError('invalid', `${file}: ${reason}`, { cause: error })
  })
  const { manifest, readable, problems, warnings, at } = checkManifest(text)
  const folder = dirname(resolve(file))
  if (!manifest) {
    const images = readable ? (await checkImages(resolveReferences(readable, folder), at)).problems : []
    return { manifest, problems: [...problems, ...images].toSorted(byPlace), warnings }
  }
  const resolved = resolveReferences(manifest, folder)
  const found = await checkComponents(resolved, at)
  return {
    manifest: found.problems.length === 0 ? resolved : undefined,
    problems: found.problems,
    warnings: [...warnings, ...found.warnings],
  }
}

function listed(lines: readonly string[]): string {
  return lines.length === 1 ? (lines[0] ?? '') : `${lines.length} problems\n${lines.join('\n')}`
}
