import { WeftError } from '../errors.ts'
import { checkManifest } from './check-manifest.ts'
import type { Manifest } from './manifest.ts'
import type { Problem } from './report.ts'

/**
 * Reads a wadm manifest, YAML or JSON. Throws `invalid` with every problem on a line of its own,
 * `file:line:column: what is wrong, what was expected`. `file` is only for these lines.
 */
export function parseManifest(text: string, file: string): Manifest {
  const { manifest, problems } = checkManifest(text)
  if (!manifest)
    throw new WeftError('invalid', problems.map((problem) => formatProblem(file, problem)).join('\n'))
  return manifest
}

/** A problem or warning as compilers print them; editors and terminals make links of it. */
export function formatProblem(file: string, { line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`
}
