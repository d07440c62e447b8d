import { keyvalueInterfaces } from '../src/capability/keyvalue-wit.ts'
import { defineProvider } from '../src/provider.ts'
import { linkedBuckets, oneBucket } from './keyvalue/linked-buckets.ts'
import { MemoryStore, memoryLimitFrom } from './keyvalue-memory/store.ts'

/**
 * Key-value in the memory of one host: quick, and gone with the provider. For tests, and for caches that may be lost.
 * Link target config: `bucket` (default `default`), shared by all links that name it. Provider config: `max_bytes` that
 * all buckets may take (default 67108864). Start one instance: each host that runs it has a store of its own.
 */
export default defineProvider({
  name: 'keyvalue-memory',
  runs: 'once',
  exports: keyvalueInterfaces(),
  async start(context) {
    const store = new MemoryStore(memoryLimitFrom(context.config))
    return {
      ...linkedBuckets(context, async (_, config) => {
        const name = config['bucket'] ?? 'default'
        return oneBucket(name, store.bucket(name))
      }),
      async stop() {},
    }
  },
})
