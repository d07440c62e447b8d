import { parseWitInterfaces } from './parse.ts'
import type { WitInterface } from './type.ts'

/** The interfaces of a WIT text that ships with the program, parsed at the first use and found by id. */
export function lazyInterfaces(text: string): {
  all(): readonly WitInterface[]
  named(id: string): WitInterface
} {
  let parsed: readonly WitInterface[] | undefined
  const all = () => {
    parsed ??= parseWitInterfaces(text)
    return parsed
  }
  return {
    all,
    named(id) {
      const found = all().find((one) => one.id === id)
      if (!found) throw new TypeError(`the built-in WIT text has no interface ${id}`)
      return found
    },
  }
}
