/** Waits for `work`, but no longer than `timeoutMs`; work that is late goes on unwatched, and its failure is no one's. */
export async function withinTime(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  const quiet = work.then(
    () => undefined,
    () => undefined,
  )
  await Promise.race([quiet, late])
  clearTimeout(timer)
}
