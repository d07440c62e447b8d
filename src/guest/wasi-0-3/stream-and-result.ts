/** `result<_, error-code>`: how a stream ended. */
export type StreamResult<E> = { readonly tag: 'ok' } | { readonly tag: 'err'; readonly val: E }

/**
 * A stream for the guest, and the future beside it that says how the stream ended: well, also when the guest wanted no
 * more of it, or by what `errorOf` makes of what was thrown.
 */
export function streamAndResult<T, E>(
  chunks: AsyncGenerator<T>,
  errorOf: (thrown: unknown) => StreamResult<E>,
): [AsyncIterable<T>, Promise<StreamResult<E>>] {
  const { promise, resolve } = Promise.withResolvers<StreamResult<E>>()
  const end = (): IteratorReturnResult<undefined> => {
    resolve({ tag: 'ok' })
    return { done: true, value: undefined }
  }
  const iterator: AsyncIterator<T> = {
    async next() {
      try {
        const step = await chunks.next()
        return step.done ? end() : step
      } catch (error) {
        resolve(errorOf(error))
        return { done: true, value: undefined }
      }
    },
    async return() {
      await chunks.return(undefined).catch(() => {})
      return end()
    },
  }
  return [{ [Symbol.asyncIterator]: () => iterator }, promise]
}
