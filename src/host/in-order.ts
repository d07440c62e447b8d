/** Work queued by key: one piece at a time for each key, different keys side by side. */
export function inOrder(): {
  /** Settles when this piece is done; the next one of the key starts even if it failed. */
  add(key: string, work: () => Promise<void>): Promise<void>
} {
  const tails = new Map<string, Promise<void>>()
  return {
    add(key, work) {
      const before = tails.get(key) ?? Promise.resolve()
      const mine = before.then(work, work)
      const tail = mine
        .catch(() => {})
        .then(() => {
          if (tails.get(key) === tail) tails.delete(key)
        })
      tails.set(key, tail)
      return mine
    },
  }
}
