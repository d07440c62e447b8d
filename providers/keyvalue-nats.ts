import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from 'nats'
import { KeyValueRefusal, serveKeyvalue } from '../src/capability/keyvalue-serve.ts'
import { keyvalueInterfaces } from '../src/capability/keyvalue-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider, type ProviderContext, type ProviderLink } from '../src/provider.ts'
import { forBucket, NatsKeyValue } from './keyvalue-nats/store.ts'
import { type NatsConnections, natsConnections } from './nats/connections.ts'

/** Buckets that belong to the lattice itself and are never a component's. */
const reserved = /^(LATTICEDATA_|CONFIGDATA_|WEFT_|wadm_)/

/**
 * Key-value in NATS JetStream. Link target config: `bucket`, the JetStream bucket (default `default`, made when it is
 * not there), and `cluster_uri`, another NATS than the host's. A component opens its bucket under that name or as
 * `default`; any other name is no such store, so that a link is all that a component can reach.
 */
export default defineProvider({
  name: 'keyvalue-nats',
  runs: 'per-thread',
  exports: keyvalueInterfaces(),
  async start(context) {
    const connections = natsConnections(context)
    const linked = new Map<string, { readonly bucket: string; readonly store: NatsKeyValue }>()
    const failures = new Map<string, string>()
    return {
      serve: serveKeyvalue(async (call) => {
        const link = linked.get(linkKey(call.source, call.context.linkName))
        if (!link) throw new KeyValueRefusal('access-denied', `${call.source} has no link to ${context.id}`)
        return forBucket(link.bucket, link.store)
      }),
      async putLink(link) {
        if (link.target !== context.id) return
        const key = linkKey(link.source, link.name)
        try {
          linked.set(key, await open(context, connections, link))
          failures.delete(key)
        } catch (error) {
          failures.set(key, WeftError.from(error).message)
          throw error
        }
      },
      async deleteLink(link) {
        failures.delete(linkKey(link.source, link.name))
        linked.delete(linkKey(link.source, link.name))
      },
      async health() {
        return failures.size === 0 ? undefined : [...failures.values()].join('; ')
      },
      stop: connections.close,
    }
  },
})

function linkKey(source: string, name: string): string {
  return `${source} ${name}`
}

async function open(context: ProviderContext, connections: NatsConnections, link: ProviderLink) {
  const config = { ...context.config, ...link.targetConfig }
  const bucket = config['bucket'] ?? 'default'
  if (!/^[-\w]+$/.test(bucket) || reserved.test(bucket)) {
    throw new WeftError(
      'invalid',
      `link of ${link.source} to ${context.id}: config \`bucket\` must be letters, digits, - and _, and not one of the lattice's own; got ${JSON.stringify(bucket)}`,
    )
  }
  const connection = await connections.to(config['cluster_uri'] ?? context.natsUrl)
  return { bucket, store: new NatsKeyValue(await openBucket(connection, bucket)) }
}

async function openBucket(connection: NatsConnection, bucket: string): Promise<KV> {
  try {
    return await new Kvm(connection).create(bucket)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new WeftError('unavailable', `cannot open the NATS bucket ${bucket}: ${message}`, { cause })
  }
}
