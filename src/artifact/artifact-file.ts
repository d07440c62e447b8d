import { readFile, stat } from 'node:fs/promises'
import { WeftError } from '../errors.ts'

/** wasmCloud's bound for a component's size, in bytes. */
export const largestComponent = 52_428_800

/** The bytes of a `file://` reference. What is missing, no file or too large is named by its reference. */
export async function readArtifactFile(ref: string, path: string, largest: number): Promise<Uint8Array> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file on this host' : error.message
    throw new WeftError('not_found', `${ref}: ${reason}`, { cause: error })
  })
  if (!found.isFile()) throw new WeftError('invalid', `${ref} is not a file`)
  if (found.size > largest) throw tooLarge(ref, found.size, largest)
  return readFile(path)
}

/** What is said of an artifact above the host's limit. */
export function tooLarge(ref: string, size: number, largest: number): WeftError {
  return new WeftError(
    'exhausted',
    `${ref} has ${size} bytes, this host takes ${largest} (--max-component-size-bytes)`,
  )
}
