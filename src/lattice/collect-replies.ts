import { createInbox, type NatsConnection } from 'nats'

/**
 * Publishes a question that any number of hosts answer, and gathers the answers' bytes. Ends when nobody listens, when
 * no further answer came for `quietMs` (longer when the first one was slow: its siblings may be as busy), or after
 * `timeoutMs`.
 */
export async function collectReplies(question: {
  readonly connection: NatsConnection
  readonly subject: string
  /** Default nothing. */
  readonly payload?: string
  readonly timeoutMs: number
  readonly quietMs: number
}): Promise<readonly Uint8Array[]> {
  const { connection, subject, timeoutMs, quietMs } = question
  const inbox = createInbox()
  const replies: Uint8Array[] = []
  const done = Promise.withResolvers<void>()
  const asked = performance.now()
  let quiet = 0
  let quietTimer: NodeJS.Timeout | undefined
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      // Errors and empty payloads (503: nobody listens) end the collection, as in the Rust client.
      if (error || message.data.length === 0) return done.resolve()
      if (replies.length === 0) quiet = Math.max(quietMs, 2 * (performance.now() - asked))
      replies.push(message.data)
      clearTimeout(quietTimer)
      quietTimer = setTimeout(done.resolve, quiet)
    },
  })
  const timer = setTimeout(done.resolve, timeoutMs)
  try {
    connection.publish(subject, question.payload ?? '', { reply: inbox })
    await done.promise
  } finally {
    clearTimeout(timer)
    clearTimeout(quietTimer)
    subscription.unsubscribe()
  }
  return replies
}
