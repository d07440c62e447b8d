import type { NatsConnection } from 'nats'
import type { Random } from './random.ts'

/**
 * One conversation with a wRPC server by a peer that keeps to no rule: it repeats, reorders, cuts short, speaks on
 * channels that do not exist, or says nothing more after the handshake.
 */
export async function misbehave(connection: NatsConnection, subject: string, random: Random): Promise<void> {
  const inbox = `_INBOX.fuzz${random.word(10)}`
  const accepted = Promise.withResolvers<string>()
  const subscription = connection.subscribe(`${inbox}.>`, { callback: () => {} })
  const accept = connection.subscribe(inbox, {
    max: 1,
    timeout: 2000,
    callback: (error, message) => (error ? accepted.resolve('') : accepted.resolve(message.reply ?? '')),
  })
  const first = random.pick([new Uint8Array(), Uint8Array.of(5, 0x61), random.bytes(random.int(50))])
  for (let times = random.oneIn(3) ? 2 : 1; times > 0; times--)
    connection.publish(subject, first, { reply: inbox })
  const server = await accepted.promise
  accept.unsubscribe()
  const tails = [
    'params',
    'params',
    'params',
    'params.0',
    'params.0.0.1',
    'params.99999999',
    'params.x',
    'cancel',
    'stop',
    'whole',
    'results',
    '',
    'params.',
  ]
  if (server !== '' && !random.oneIn(4)) {
    for (let count = random.int(12); count > 0; count--) {
      const tail = random.pick(tails)
      const data = random.oneIn(2) ? new Uint8Array() : random.bytes(random.int(300))
      // A subject that ends with a dot is refused by the server, as it should be.
      if (!tail.endsWith('.'))
        connection.publish(
          tail === '' ? server : `${server}.${tail}`,
          data,
          random.oneIn(3) ? { reply: inbox } : {},
        )
    }
  }
  subscription.unsubscribe()
}
