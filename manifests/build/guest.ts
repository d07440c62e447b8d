import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** The top of the tree. */
export const root = dirname(dirname(import.meta.dirname))

/** A folder with its main source. */
export interface Guest {
  readonly name: string
  readonly folder: string
  readonly language: string
}

/** Where a guest too large for the tree is kept. */
export function largeGuest(name: string): string {
  return join(guestCache(), `${name}.wasm`)
}

/** A guest's WIT: its own, or that of the folder it stands in. */
export function witOf(folder: string): string {
  const own = join(folder, 'wit')
  return existsSync(own) ? own : join(dirname(folder), 'wit')
}

/** The cache for what building guests fetches and for guests too large for the tree: `$XDG_CACHE_HOME/weft/guests`. */
export function guestCache(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'weft', 'guests')
}
