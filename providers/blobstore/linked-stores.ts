import { type BlobStore, serveBlobstore } from '../../src/capability/blobstore-serve.ts'
import { WeftError } from '../../src/errors.ts'
import type { Provider, ProviderContext, ProviderLink } from '../../src/provider.ts'
import { linkedBackends } from '../links/linked-backends.ts'

/** What all blobstore providers have in common: a component reaches what its link gives it and nothing else. */
export function linkedStores(
  context: ProviderContext,
  open: (link: ProviderLink, config: Readonly<Record<string, string>>) => Promise<BlobStore>,
): Required<Pick<Provider, 'serve' | 'putLink' | 'deleteLink' | 'moveLink' | 'health'>> {
  const { behind, ...links } = linkedBackends(context, open)
  return {
    ...links,
    serve: serveBlobstore((call) => {
      const store = behind(call)
      if (store) return store
      const { linkName } = call.context
      throw new WeftError('denied', `${call.source} has no link named ${linkName} to ${context.id}`)
    }),
  }
}
