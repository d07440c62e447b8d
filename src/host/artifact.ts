import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { WeftError } from '../errors.ts'

/** wasmCloud's bound for a component's size. */
const largestComponent = 52_428_800

/**
 * The bytes behind a component reference. `file:///…` is read from this machine. A missing file, a folder or one that
 * is too large is `not_found` or `invalid`, with the reference in the message.
 */
export async function fetchArtifact(ref: string): Promise<Uint8Array> {
  if (!ref.startsWith('file://')) {
    throw new WeftError('invalid', `component reference ${ref}: expected file:///path/to/component.wasm`)
  }
  const bytes = await readFile(pathOf(ref)).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file on this host' : error.message
    throw new WeftError('not_found', `${ref}: ${reason}`, { cause: error })
  })
  if (bytes.length > largestComponent) {
    throw new WeftError(
      'exhausted',
      `${ref} has ${bytes.length} bytes, a component may have ${largestComponent}`,
    )
  }
  return bytes
}

function pathOf(ref: string): string {
  try {
    return fileURLToPath(ref)
  } catch (cause) {
    throw new WeftError(
      'invalid',
      `${ref} is not a file URL with an absolute path, such as file:///srv/hello.wasm`,
      { cause },
    )
  }
}
