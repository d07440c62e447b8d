import { WeftError } from '../errors.ts'
import { nearestName } from '../manifest/nearest-name.ts'

/** The entry that the word behind a command's name means; `invalid` tells what there is and the nearest of it. */
export function pickDeed<T>(
  command: string,
  deeds: Readonly<Record<string, T>>,
  word: string | undefined,
): T {
  const known = Object.keys(deeds)
  const deed = word !== undefined && Object.hasOwn(deeds, word) ? deeds[word] : undefined
  if (deed !== undefined) return deed
  const near = word === undefined ? undefined : nearestName(word, known)
  const got = word === undefined ? 'nothing' : JSON.stringify(word)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  throw new WeftError('invalid', `weft ${command}: expected ${known.join(', ')}, got ${got}${hint}`)
}
