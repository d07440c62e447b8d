import { type KV, Kvm } from '@nats-io/kv'
import type { NatsConnection } from 'nats'
import { keyvalueInterfaces } from '../src/capability/keyvalue-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider, type ProviderLink } from '../src/provider.ts'
import { linkedBuckets, oneBucket } from './keyvalue/linked-buckets.ts'
import { NatsKeyValue } from './keyvalue-nats/store.ts'
import { watchBucket } from './keyvalue-nats/watch.ts'
import { natsConnections, natsLoginOf } from './nats/connections.ts'

/** Buckets that belong to the lattice itself and are never a component's. */
const reserved = /^(LATTICEDATA_|CONFIGDATA_|WEFT_|wadm_|WASMCLOUD_SECRETS$|SECRETS_)/

/**
 * Key-value in NATS JetStream. Link target config: `bucket`, the JetStream bucket (default `default`, made when it is
 * not there), and `cluster_uri`, another NATS than the host's, with `client_jwt` and
 * `client_seed` where it wants a login. A component opens its bucket under that name or as
 * `default`; any other name is no such store, so that a link is all that a component can reach. A component that it is
 * linked to for `wasi:keyvalue/watcher` is told of each change in the `bucket` of the link's source config.
 */
export default defineProvider({
  name: 'keyvalue-nats',
  runs: 'per-thread',
  exports: keyvalueInterfaces(),
  async start(context) {
    const connections = natsConnections(context)
    const watching = new Map<string, { stop(): Promise<void> }>()
    const failures = new Map<string, string>()
    const opened = async (link: ProviderLink, config: Config, secrets: ProviderLink['targetSecrets']) => {
      const bucket = bucketFrom(link, config)
      const url = config['cluster_uri'] ?? context.natsUrl
      const connection = await connections.to(url, natsLoginOf(config, secrets))
      return { bucket, connection, kv: await openBucket(connection, bucket) }
    }
    const links = linkedBuckets(context, async (link, config) => {
      const { bucket, kv } = await opened(link, config, link.targetSecrets)
      return oneBucket(bucket, new NatsKeyValue(kv))
    })
    const watch = async (link: ProviderLink) => {
      // One thread of a host is enough: changes come one after the other.
      if (!context.isLeader) return
      const key = `${link.target} ${link.name}`
      try {
        const config = { ...context.config, ...link.sourceConfig }
        const { bucket, connection } = await opened(link, config, link.sourceSecrets)
        watching.set(key, await watchBucket({ context, link, connection, bucket }))
        failures.delete(key)
      } catch (error) {
        failures.set(key, WeftError.from(error).message)
        throw error
      }
    }
    const unwatch = async (link: ProviderLink) => {
      const key = `${link.target} ${link.name}`
      const watched = watching.get(key)
      watching.delete(key)
      failures.delete(key)
      await watched?.stop()
    }
    const isWatched = (link: ProviderLink) => link.source === context.id
    return {
      ...links,
      putLink: (link) => (isWatched(link) ? watch(link) : links.putLink(link)),
      deleteLink: (link) => (isWatched(link) ? unwatch(link) : links.deleteLink(link)),
      async moveLink(before, after) {
        if (!isWatched(before)) return links.moveLink(before, after)
        await unwatch(before)
        await watch(after)
      },
      async health() {
        const problems = [await links.health(), ...failures.values()].filter((each) => each !== undefined)
        return problems.length === 0 ? undefined : problems.join('; ')
      },
      async stop() {
        await Promise.all([...watching.values()].map((each) => each.stop()))
        await connections.close()
      },
    }
  },
})

type Config = Readonly<Record<string, string>>

function bucketFrom(link: ProviderLink, config: Config): string {
  const bucket = config['bucket'] ?? 'default'
  if (/^[-\w]+$/.test(bucket) && !reserved.test(bucket)) return bucket
  const between = `link of ${link.source} to ${link.target}`
  throw new WeftError(
    'invalid',
    `${between}: config \`bucket\` must be letters, digits, - and _, and not one of the lattice's own; got ${JSON.stringify(bucket)}`,
  )
}

async function openBucket(connection: NatsConnection, bucket: string): Promise<KV> {
  try {
    return await new Kvm(connection).create(bucket)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new WeftError('unavailable', `cannot open the NATS bucket ${bucket}: ${message}`, { cause })
  }
}
