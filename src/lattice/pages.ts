/** What NATS servers carry in one message unless told otherwise. */
const defaultMaxPayload = 1024 * 1024
/** Room for the braces and names around the items. */
const frameBytes = 64

/**
 * Splits an answer that is a list into JSON messages `{"items":[…],"more":…}` that fit through NATS, at least one. The
 * first also carries the members of `head`; `more` is false on the last. An item too large for any message is left out.
 */
export function pagesOf(answer: {
  readonly items: readonly unknown[]
  readonly head?: Readonly<Record<string, unknown>>
  /** The server's bound in bytes; default 1 MiB. */
  readonly maxPayload?: number | undefined
}): readonly string[] {
  const { items, head = {}, maxPayload = defaultMaxPayload } = answer
  const headText = JSON.stringify(head)
  const room = maxPayload - frameBytes
  const pages: string[][] = [[]]
  let used = Buffer.byteLength(headText)
  for (const item of items) {
    const text = JSON.stringify(item)
    const bytes = Buffer.byteLength(text) + 1
    if (bytes > room) continue
    if (used + bytes > room) {
      pages.push([])
      used = 0
    }
    pages.at(-1)?.push(text)
    used += bytes
  }
  return pages.map((texts, at) => {
    const before = at === 0 && headText !== '{}' ? `${headText.slice(1, -1)},` : ''
    return `{${before}"items":[${texts.join(',')}],"more":${at < pages.length - 1}}`
  })
}
