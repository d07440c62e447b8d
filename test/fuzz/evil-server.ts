import type { NatsConnection } from 'nats'
import { hostileHeaders } from './hostile.ts'
import type { Random } from './random.ts'

/** The tails that a server may send on, those of Weft peers included, and some that there are not. */
const tails = ['results', 'results', 'whole', 'results.0', 'results.0.7', 'stop', 'cancel', 'params', 'x']

/**
 * A wRPC server that answers each call as it should not: before it accepts, twice, with rubbish, with statuses and errors
 * that mean nothing, or never.
 */
export function serveEvil(connection: NatsConnection, subject: string, random: Random): { stop(): void } {
  const subscription = connection.subscribe(subject, {
    callback(_, { reply }) {
      if (!reply || random.oneIn(5)) return
      for (let count = random.int(6); count >= 0; count--) {
        const headers = hostileHeaders(random)
        const isAccept = random.oneIn(3)
        const data = random.oneIn(3) ? new Uint8Array() : random.bytes(random.int(200))
        connection.publish(isAccept ? reply : `${reply}.${random.pick(tails)}`, isAccept ? undefined : data, {
          ...(headers && { headers }),
          ...(isAccept && !random.oneIn(4) && { reply: `_INBOX.evil${random.word(8)}` }),
        })
      }
    },
  })
  return { stop: () => subscription.unsubscribe() }
}
