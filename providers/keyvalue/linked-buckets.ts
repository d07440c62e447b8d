import type { Call } from '../../src/call/call.ts'
import { type KeyValueBucket, KeyValueRefusal, serveKeyvalue } from '../../src/capability/keyvalue-serve.ts'
import { WeftError } from '../../src/errors.ts'
import type { Provider, ProviderContext, ProviderLink } from '../../src/provider.ts'

/** What a link gives its component: the bucket of a name, as `call` may use it; undefined when it gives no such bucket. */
export type LinkedBuckets = (bucket: string, call: Call) => KeyValueBucket | undefined

/**
 * What all key-value providers have in common: a component reaches what its link gives it and nothing else. `open` reads
 * a link's config (the provider's own underneath) and finds the backend.
 */
export function linkedBuckets(
  context: ProviderContext,
  open: (link: ProviderLink, config: Readonly<Record<string, string>>) => Promise<LinkedBuckets>,
): Required<Pick<Provider, 'serve' | 'putLink' | 'deleteLink' | 'moveLink' | 'health'>> {
  const linked = new Map<string, LinkedBuckets>()
  const failures = new Map<string, string>()
  const put = async (link: ProviderLink) => {
    if (link.target !== context.id) return
    const key = linkKey(link.source, link.name)
    try {
      linked.set(key, await open(link, { ...context.config, ...link.targetConfig }))
      failures.delete(key)
    } catch (error) {
      failures.set(key, WeftError.from(error).message)
      throw error
    }
  }
  return {
    serve: serveKeyvalue((call, name) => {
      const buckets = linked.get(linkKey(call.source, call.context.linkName))
      if (!buckets) throw new KeyValueRefusal('access-denied', `${call.source} has no link to ${context.id}`)
      const bucket = buckets(name, call)
      if (bucket) return bucket
      throw new KeyValueRefusal('no-such-store', `the link of ${call.source} gives no bucket ${name}`)
    }),
    putLink: put,
    async deleteLink(link) {
      failures.delete(linkKey(link.source, link.name))
      linked.delete(linkKey(link.source, link.name))
    },
    // The key is the same: calls find the old or the new one.
    moveLink: (_, after) => put(after),
    async health() {
      return failures.size === 0 ? undefined : [...failures.values()].join('; ')
    },
  }
}

/** A link that gives one bucket, under its own name or as `default`. */
export function oneBucket(name: string, bucket: KeyValueBucket): LinkedBuckets {
  return (wanted) => (wanted === name || wanted === 'default' ? bucket : undefined)
}

function linkKey(source: string, name: string): string {
  return `${source} ${name}`
}
