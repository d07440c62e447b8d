/**
 * The same body, and a promise for its end, however it comes: read to the end, left early (even before the first byte),
 * failed, or given up through `signal`.
 */
export function watchBody(
  body: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): { readonly body: AsyncIterable<Uint8Array>; readonly done: Promise<void> } {
  const iterator = body[Symbol.asyncIterator]()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  promise.catch(() => {})
  const abandon = () => {
    void iterator.return?.()
    reject(signal?.reason)
  }
  signal?.addEventListener('abort', abandon, { once: true })
  const end = () => {
    signal?.removeEventListener('abort', abandon)
    resolve()
  }
  const watched: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        const step = await iterator.next()
        if (step.done) end()
        return step
      } catch (error) {
        signal?.removeEventListener('abort', abandon)
        reject(error)
        throw error
      }
    },
    async return() {
      end()
      await iterator.return?.()
      return { done: true, value: undefined }
    },
  }
  return { body: { [Symbol.asyncIterator]: () => watched }, done: promise }
}
