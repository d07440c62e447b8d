const pageSize = 1000n

/** A page of a store's keys in order, for backends that know them all at once; `cursor` counts keys. */
export function pageOf(
  all: readonly string[],
  cursor: bigint,
): { readonly keys: readonly string[]; readonly cursor?: bigint } {
  const end = cursor + pageSize
  const keys = [...all].sort().slice(Number(cursor), Number(end))
  return end < BigInt(all.length) ? { keys, cursor: end } : { keys }
}
