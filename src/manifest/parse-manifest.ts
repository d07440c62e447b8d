import { WeftError } from '../errors.ts'
import { type CheckedManifest, checkManifest, checkStoredManifest } from './check-manifest.ts'
import type { Json } from './json.ts'
import type { Manifest } from './manifest.ts'
import type { Problem } from './report.ts'

/**
 * Reads a wadm manifest, YAML or JSON. Throws `invalid` with every problem on a line of its own,
 * `file:line:column: what is wrong, what was expected`. `file` is only for these lines.
 */
export function parseManifest(text: string, file: string): Manifest {
  return orThrow(checkManifest(text), file)
}

/** Reads a manifest that was stored as JSON; `what` is only for what is told when it can't be read. */
export function parseStoredManifest(json: Json, what: string): Manifest {
  return orThrow(checkStoredManifest(json), what)
}

function orThrow({ manifest, problems }: CheckedManifest, file: string): Manifest {
  if (!manifest)
    throw new WeftError('invalid', problems.map((problem) => formatProblem(file, problem)).join('\n'))
  return manifest
}

/** A problem or warning as compilers print them; editors and terminals make links of it. */
export function formatProblem(file: string, { line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`
}
