import { setTimeout as delay } from 'node:timers/promises'
import { type ConsumerMessages, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from 'nats'
import type { Call } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import { keyvalueWatcher } from '../../src/capability/keyvalue-wit.ts'
import { preciseNow } from '../../src/clock.ts'
import { WeftError } from '../../src/errors.ts'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import { decodeKey } from './key.ts'

/** What a watch of one link works with. */
export interface WatchParts {
  readonly context: ProviderContext
  readonly link: ProviderLink
  readonly connection: NatsConnection
  readonly bucket: string
}

/** How long a component may take for one change. */
const timeoutMs = 30_000
/** A change that could not be handed on is tried again after this, and so often in all. */
const retryMs = 1000
const mostTries = 5
/** Without any host that watches, the place where it stood is kept for so long. */
const keptNanos = 3_600_000_000_000
const fetchMs = 5000
const restartMs = 5000

/**
 * Tells a component of each change in a bucket, in order and once over all hosts: they share one JetStream consumer, which
 * begins with what comes after it was made.
 */
export async function watchBucket(parts: WatchParts): Promise<{ stop(): Promise<void> }> {
  const { context, link, connection, bucket } = parts
  const stream = `KV_${bucket}`
  const durable = `weft-${[context.lattice, context.id, link.target, link.name].join('-').replaceAll(/[^-\w]/g, '_')}`
  const manager = await jetstreamManager(connection)
  await manager.consumers.add(stream, {
    durable_name: durable,
    ack_policy: 'explicit',
    deliver_policy: 'new',
    max_ack_pending: 1,
    max_deliver: mostTries,
    inactive_threshold: keptNanos,
  })
  const consumer = await jetstream(connection).consumers.get(stream, durable)
  const stopping = new AbortController()
  let messages: ConsumerMessages | undefined
  const take = async () => {
    messages = await consumer.fetch({ max_messages: 1, expires: fetchMs })
    if (stopping.signal.aborted) messages.stop()
    for await (const message of messages) {
      if (await tell(parts, message)) message.ack()
      else message.nak(retryMs)
    }
  }
  const run = async () => {
    while (!stopping.signal.aborted) {
      await take().catch(async (error: unknown) => {
        context.log.warn(
          `watching ${bucket} for ${link.target}: ${WeftError.from(error).message}; trying again`,
        )
        await delay(restartMs, undefined, { signal: stopping.signal }).catch(() => {})
      })
    }
  }
  const running = run()
  return {
    async stop() {
      stopping.abort()
      messages?.stop()
      await running
    },
  }
}

/** True when the component has seen it, or it is nothing that one sees. Never rejects. */
async function tell({ context, link, bucket }: WatchParts, message: JsMsg): Promise<boolean> {
  const key = decodeKey(message.subject.slice(`$KV.${bucket}.`.length))
  const isSet = (message.headers?.get('KV-Operation') ?? '') === ''
  const call = isSet
    ? callFrom({ context, link }, 'on-set', [bucket, key, message.data])
    : callFrom({ context, link }, 'on-delete', [bucket, key])
  try {
    await context.enter(call, (entered) =>
      context.invoke(
        childOf(entered, {
          target: link.target,
          operation: call.operation,
          args: call.args,
          linkName: link.name,
        }),
      ),
    )
    return true
  } catch (error) {
    context.log.warn(`${link.target} did not take the change of ${key}: ${WeftError.from(error).message}`)
    return false
  }
}

function callFrom(
  { context, link }: Pick<WatchParts, 'context' | 'link'>,
  name: string,
  args: readonly unknown[],
): Call {
  const watcher = keyvalueWatcher()
  const fn = watcher.functions.find((each) => each.name === name)
  if (!fn) throw new WeftError('internal', `${watcher.id} has no ${name}`)
  const begun = preciseNow()
  return {
    source: 'nats',
    target: context.id,
    operation: { interface: watcher.id, function: fn },
    args,
    context: { trace: undefined, baggage: '', deadline: begun + timeoutMs, linkName: 'default' },
    signal: new AbortController().signal,
    course: new CallCourse(begun),
    recipient: link.target,
  }
}
