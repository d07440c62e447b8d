import { keyvalueInterfaces } from '../src/capability/keyvalue-wit.ts'
import { WeftError } from '../src/errors.ts'
import { defineProvider, type ProviderLink } from '../src/provider.ts'
import { linkedBuckets } from './keyvalue/linked-buckets.ts'
import { redisBucket } from './keyvalue-redis/bucket.ts'
import { RedisClient } from './keyvalue-redis/client.ts'
import { parseRedisUrl } from './keyvalue-redis/url.ts'

const defaultUrl = 'redis://127.0.0.1:6379/0'

/**
 * Key-value in Redis or what speaks like it (Valkey, KeyDB). Link target config, as wasmCloud's: `URL`
 * (`redis://user:password@host:port/database`, `rediss://` for TLS), better as a secret of that name; the provider's own
 * config is the default. `prefix` stands before each key in Redis. Every bucket name opens the same keys. A Redis that is
 * away fails the calls of that time, no more.
 */
export default defineProvider({
  name: 'keyvalue-redis',
  runs: 'per-thread',
  exports: keyvalueInterfaces(),
  async start(context) {
    const clients = new Map<string, RedisClient>()
    const clientOf = (url: string) => {
      const client = clients.get(url) ?? new RedisClient(parseRedisUrl(url))
      clients.set(url, client)
      return client
    }
    const inUse = new Map<string, RedisClient>()
    const links = linkedBuckets(context, async (link, config) => {
      const values = new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), value]))
      const client = clientOf(secretUrl(link) ?? values.get('url') ?? defaultUrl)
      const prefix = values.get('prefix') ?? ''
      inUse.set(`${link.source} ${link.name}`, client)
      return (_, call) => redisBucket({ client, prefix, call })
    })
    return {
      ...links,
      async deleteLink(link) {
        inUse.delete(`${link.source} ${link.name}`)
        await links.deleteLink(link)
      },
      async health() {
        const problems = await Promise.all([links.health(), ...[...new Set(inUse.values())].map(problemOf)])
        return problems.filter((each) => each !== undefined).join('; ') || undefined
      },
      async stop() {
        await Promise.all([...clients.values()].map((client) => client.close()))
      },
    }
  },
})

/** How long a server may take to say that it is there. */
const pingMs = 3000

async function problemOf(client: RedisClient): Promise<string | undefined> {
  const late = new WeftError('unavailable', `Redis at ${client.address.host} does not answer`)
  const timer = Promise.withResolvers<never>()
  const timeout = setTimeout(() => timer.reject(late), pingMs)
  try {
    await Promise.race([client.send(['PING']), timer.promise])
    return undefined
  } catch (error) {
    return WeftError.from(error).message
  } finally {
    clearTimeout(timeout)
  }
}

function secretUrl({ targetSecrets }: ProviderLink): string | undefined {
  const [, secret] = Object.entries(targetSecrets ?? {}).find(([name]) => name.toLowerCase() === 'url') ?? []
  return secret?.tag === 'string' ? secret.val : undefined
}
