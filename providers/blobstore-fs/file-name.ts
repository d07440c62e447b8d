import { WeftError } from '../../src/errors.ts'

/** Most file systems take no longer ones. */
const longestFileName = 255

/**
 * The name of a file or folder for a container or object: itself where it can be, `%2F` and the like for the rest, so
 * that no name leads out of its folder. Files of ours begin with a dot, those of objects never do.
 */
export function fileNameOf(name: string): string {
  const encoded = encodeURIComponent(name.toWellFormed()).replace(/^\./, '%2E').replaceAll('*', '%2A')
  if (name !== '' && encoded.length <= longestFileName) return encoded
  throw new WeftError(
    'invalid',
    `name ${JSON.stringify(name.slice(0, 50))}: expected 1 to ${longestFileName} characters, fewer where some are special`,
  )
}

/** The name that `fileNameOf` was given; undefined for a file that is none of ours. */
export function nameOfFile(fileName: string): string | undefined {
  if (fileName.startsWith('.')) return undefined
  try {
    return decodeURIComponent(fileName)
  } catch {
    return undefined
  }
}
