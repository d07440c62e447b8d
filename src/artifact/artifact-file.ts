import { readFile, stat } from 'node:fs/promises'
import { WeftError } from '../errors.ts'

/** wasmCloud's bound for a component's size, in bytes. */
export const largestComponent = 52_428_800

/** The bytes of a `file://` reference. What is missing, no file or too large is named by its reference. */
export async function readArtifactFile(ref: string, path: string, largest: number): Promise<Uint8Array> {
  const size = await requireArtifactFile(ref, path)
  if (size > largest) throw tooLarge(ref, size, largest)
  return readFile(path)
}

/** The size of a `file://` reference's file, in bytes; what is missing or no file is named by its reference. */
export async function requireArtifactFile(ref: string, path: string): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file on this host' : error.message
    throw new WeftError('not_found', `${ref}: ${reason}`, { cause: error })
  })
  if (!found.isFile()) throw new WeftError('invalid', `${ref} is not a file`)
  return found.size
}

/** What is said of an artifact above the host's limit. */
export function tooLarge(ref: string, size: number, largest: number): WeftError {
  const message = `${ref} has ${size} bytes, this host takes ${largest} (--max-component-size-bytes)`
  return new WeftError('exhausted', message, { limit: 'component-size' })
}
