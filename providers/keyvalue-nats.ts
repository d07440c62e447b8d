import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from 'nats'
import { keyvalueInterfaces } from '../src/capability/keyvalue-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider } from '../src/provider.ts'
import { linkedBuckets, oneBucket } from './keyvalue/linked-buckets.ts'
import { NatsKeyValue } from './keyvalue-nats/store.ts'
import { natsConnections, natsLoginOf } from './nats/connections.ts'

/** Buckets that belong to the lattice itself and are never a component's. */
const reserved = /^(LATTICEDATA_|CONFIGDATA_|WEFT_|wadm_)/

/**
 * Key-value in NATS JetStream. Link target config: `bucket`, the JetStream bucket (default `default`, made when it is
 * not there), and `cluster_uri`, another NATS than the host's, with `client_jwt` and
 * `client_seed` where it wants a login. A component opens its bucket under that name or as
 * `default`; any other name is no such store, so that a link is all that a component can reach.
 */
export default defineProvider({
  name: 'keyvalue-nats',
  runs: 'per-thread',
  exports: keyvalueInterfaces(),
  async start(context) {
    const connections = natsConnections(context)
    return {
      ...linkedBuckets(context, async (link, config) => {
        const bucket = config['bucket'] ?? 'default'
        if (!/^[-\w]+$/.test(bucket) || reserved.test(bucket)) {
          throw new WeftError(
            'invalid',
            `link of ${link.source} to ${context.id}: config \`bucket\` must be letters, digits, - and _, and not one of the lattice's own; got ${JSON.stringify(bucket)}`,
          )
        }
        const connection = await connections.to(
          config['cluster_uri'] ?? context.natsUrl,
          natsLoginOf(config, link.targetSecrets),
        )
        return oneBucket(bucket, new NatsKeyValue(await openBucket(connection, bucket)))
      }),
      stop: connections.close,
    }
  },
})

async function openBucket(connection: NatsConnection, bucket: string): Promise<KV> {
  try {
    return await new Kvm(connection).create(bucket)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new WeftError('unavailable', `cannot open the NATS bucket ${bucket}: ${message}`, { cause })
  }
}
