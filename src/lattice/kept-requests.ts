import { createInbox, type NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { pagesOf } from './pages.ts'
import { anything, flag, listOf, or, parseJson, record, text } from './shape.ts'

/** What was found: `items`, and the `ids` of what they belong to where the keeper says so. */
export interface KeptAnswer {
  readonly items: readonly unknown[]
  readonly ids: readonly string[]
}

/** So long may an answer, and then each further page, take. */
const silenceMs = 3_000

const pageShape = record(
  { items: or(listOf(anything), []), ids: or(listOf(text), []), more: or(flag, false) },
  { error: text },
)

/**
 * Answers requests for what one process of a lattice keeps in memory, such as its latest traces; an answer is as many
 * messages as it needs, and what `answer` throws is told to who asked.
 */
export function serveKept(options: {
  readonly connection: NatsConnection
  readonly subject: string
  readonly log: Log
  readonly answer: (question: Uint8Array) => KeptAnswer
}): { stop(): void } {
  const { connection, subject, log, answer } = options
  const pages = (question: Uint8Array): readonly string[] => {
    try {
      const { items, ids } = answer(question)
      return pagesOf({ items, head: { ids }, maxPayload: connection.info?.max_payload })
    } catch (error) {
      return [JSON.stringify({ error: WeftError.from(error).message })]
    }
  }
  const subscription = subscribeGuarded(connection, subject, {
    queue: subject,
    log,
    onMessage(message) {
      for (const page of pages(message.data)) message.respond(page)
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

/** Asks the keeper. Nobody there is `unavailable` with the text `nobody`, one that falls silent `deadline`. */
export async function requestKept(options: {
  readonly connection: NatsConnection
  readonly subject: string
  readonly request: object
  /** What is kept, for people: `the traces of lattice default`. */
  readonly what: string
  readonly nobody: string
}): Promise<KeptAnswer> {
  const { connection, subject, request, what, nobody } = options
  const items: unknown[] = []
  const ids: string[] = []
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const silence = setTimeout(() => {
    reject(new WeftError('deadline', `the keeper of ${what} said nothing for ${silenceMs} ms`))
  }, silenceMs)
  const take = (data: Uint8Array) => {
    const page = parseJson(data, pageShape)
    if (page.error !== undefined) throw new WeftError('invalid', page.error)
    for (const item of page.items) items.push(item)
    ids.push(...page.ids)
    if (page.more) silence.refresh()
    else resolve()
  }
  const inbox = createInbox()
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      try {
        if (error) throw error
        // The empty message is the server's: nobody has subscribed.
        if (message.data.length === 0) throw new WeftError('unavailable', nobody)
        take(message.data)
      } catch (thrown) {
        reject(WeftError.from(thrown))
      }
    },
  })
  try {
    connection.publish(subject, JSON.stringify(request), { reply: inbox })
    await promise
  } finally {
    clearTimeout(silence)
    subscription.unsubscribe()
  }
  return { items, ids }
}
