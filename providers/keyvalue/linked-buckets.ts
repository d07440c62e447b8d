import type { Call } from '../../src/call/call.ts'
import { type KeyValueBucket, KeyValueRefusal, serveKeyvalue } from '../../src/capability/keyvalue-serve.ts'
import type { Provider, ProviderContext, ProviderLink } from '../../src/provider.ts'
import { linkedBackends } from '../links/linked-backends.ts'

/** What a link gives its component: the bucket of a name, as `call` may use it; undefined when it gives no such bucket. */
export type LinkedBuckets = (bucket: string, call: Call) => KeyValueBucket | undefined

/** What all key-value providers have in common: a component reaches what its link gives it and nothing else. */
export function linkedBuckets(
  context: ProviderContext,
  open: (link: ProviderLink, config: Readonly<Record<string, string>>) => Promise<LinkedBuckets>,
): Required<Pick<Provider, 'serve' | 'putLink' | 'deleteLink' | 'moveLink' | 'health'>> {
  const { behind, ...links } = linkedBackends(context, open)
  return {
    ...links,
    serve: serveKeyvalue((call, name) => {
      const buckets = behind(call)
      if (!buckets) throw new KeyValueRefusal('access-denied', `${call.source} has no link to ${context.id}`)
      const bucket = buckets(name, call)
      if (bucket) return bucket
      throw new KeyValueRefusal('no-such-store', `the link of ${call.source} gives no bucket ${name}`)
    }),
  }
}

/** A link that gives one bucket, under its own name or as `default`. */
export function oneBucket(name: string, bucket: KeyValueBucket): LinkedBuckets {
  return (wanted) => (wanted === name || wanted === 'default' ? bucket : undefined)
}
