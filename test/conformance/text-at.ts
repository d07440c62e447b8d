/** The text at a URL that answers with a good status, else undefined. */
export async function textAt(url: string): Promise<string | undefined> {
  const answer = await fetch(url).catch(() => undefined)
  return answer?.ok ? answer.text() : undefined
}
