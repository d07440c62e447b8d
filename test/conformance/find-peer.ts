import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Where `build.ts` puts the peers that it builds, and where they are looked for before the PATH. */
export const peersFolder =
  process.env['WEFT_PEERS'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'weft-peers')

/**
 * The path of a peer's program, and what `node:test` takes as `skip`: false where it is, else a sentence that says
 * how to get it.
 */
export function findPeer(
  program: string,
  build: string,
): { readonly path: string; readonly skip: string | false } {
  const folders = [join(peersFolder, 'bin'), ...(process.env['PATH'] ?? '').split(delimiter)]
  const path = folders.map((folder) => join(folder, program)).find(isProgram)
  if (path !== undefined) return { path, skip: false }
  return { path: '', skip: `no ${program} in ${peersFolder}/bin or on the PATH; ${build}` }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
