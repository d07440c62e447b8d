/** Random choices that come again with the same seed. */
export interface Random {
  /** From 0 up to, not including, `below`. */
  int(below: number): number
  /** True in one of so many cases. */
  oneIn(cases: number): boolean
  pick<T>(values: readonly T[]): T
  bytes(length: number): Uint8Array
  /** Letters and digits. */
  word(length: number): string
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Mulberry32: small, and good enough to be hostile. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number) => Math.floor(next() * below)
  return {
    int,
    oneIn: (cases) => int(cases) === 0,
    pick(values) {
      const at = int(values.length)
      const found = values[at]
      if (found === undefined) throw new Error(`nothing to pick at ${at} of ${values.length}`)
      return found
    },
    bytes: (length) => Uint8Array.from({ length }, () => int(256)),
    word: (length) => Array.from({ length }, () => letters[int(letters.length)]).join(''),
  }
}
