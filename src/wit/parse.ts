import { parsePackages } from './parse-package.ts'
import { resolveInterfaces, resolveWorld } from './resolve.ts'
import { TokenReader } from './token-reader.ts'
import { tokenizeWit } from './tokens.ts'
import type { WitInterface, WitWorld } from './type.ts'

/**
 * Reads the first world of a WIT text. Everything that the world names must be in the text; `decodeWorld` does
 * without one. What can't be read is an `invalid` error with the line and what was expected.
 */
export function parseWit(text: string): WitWorld {
  return resolveWorld(parsePackages(new TokenReader(tokenizeWit(text))))
}

/** Reads the interfaces that a WIT text declares, such as `package ns:pkg@1.0.0; interface a { … }`. */
export function parseWitInterfaces(text: string): WitInterface[] {
  return resolveInterfaces(parsePackages(new TokenReader(tokenizeWit(text))))
}
