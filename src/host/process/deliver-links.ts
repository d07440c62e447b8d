import type { ProviderControl } from '../../lattice/provider-control.ts'
import { type ResolvedLink, resolvedLinkKey } from '../../lattice/resolved-link.ts'
import type { ProviderLink } from '../../provider.ts'
import { bareLink } from './resolve-link.ts'

export interface DeliverLinksOptions {
  readonly control: Pick<ProviderControl, 'putLink' | 'putLinkById' | 'deleteLink' | 'onLinkDeleted'>
  /** What HostData had. */
  readonly links: readonly ProviderLink[]
  readonly resolve: (link: ProviderLink) => ResolvedLink
  /** Settles when a delete that the provider has heard by now is sure to be done. */
  readonly settle: () => Promise<void>
  readonly onPut: () => void
}

/** A delete that did not come back within this time was lost with the connection: it is said again. Milliseconds. */
const heardMs = 3_000

/**
 * Brings the links of a running provider process up to date. A put of a link that a provider knows already is passed over
 * there, so a link that has changed is deleted first. A delete is heard by every instance of the provider in the lattice,
 * whoever publishes it: what should still be there is put again. Providers in Rust may take up a put before a delete that
 * came just before it, so a put waits until the delete is done.
 */
export function deliverLinks({ control, links, resolve, settle, onPut }: DeliverLinksOptions): {
  update(links: readonly ProviderLink[]): void
  stop(): void
} {
  const delivered = new Map<string, { readonly link: ProviderLink; leaving?: NodeJS.Timeout }>()
  /** Links that were deleted a moment ago; true when they were again meanwhile. */
  const resting = new Map<string, boolean>()
  let wanted = byKey(links)
  for (const [key, link] of wanted) delivered.set(key, { link })
  const put = (key: string, link: ProviderLink) => {
    delivered.set(key, { link })
    control.putLink(resolve(link))
    onPut()
  }
  const leave = (known: { readonly link: ProviderLink; leaving?: NodeJS.Timeout }) => {
    control.deleteLink(bareLink(known.link))
    known.leaving = setTimeout(() => leave(known), heardMs).unref()
  }
  const rest = async (key: string) => {
    do {
      resting.set(key, false)
      await settle()
    } while (resting.get(key))
    resting.delete(key)
    const link = wanted.get(key)
    if (!link) return
    put(key, link)
    // What is secret, instances that hear by id could not open.
    if (!link.sourceSecrets && !link.targetSecrets) control.putLinkById(resolve(link))
  }
  const deletions = control.onLinkDeleted((deleted) => {
    const key = resolvedLinkKey(deleted)
    clearTimeout(delivered.get(key)?.leaving)
    delivered.delete(key)
    if (resting.has(key)) resting.set(key, true)
    else return rest(key)
  })
  return {
    update(next) {
      wanted = byKey(next)
      for (const [key, known] of delivered) {
        if (!known.leaving && !isSame(known.link, wanted.get(key))) leave(known)
      }
      for (const [key, link] of wanted) if (!delivered.has(key) && !resting.has(key)) put(key, link)
    },
    stop() {
      deletions.stop()
      for (const { leaving } of delivered.values()) clearTimeout(leaving)
    },
  }
}

function byKey(links: readonly ProviderLink[]): Map<string, ProviderLink> {
  return new Map(links.map((link) => [resolvedLinkKey(bareLink(link)), link]))
}

function isSame(a: ProviderLink, b: ProviderLink | undefined): boolean {
  return b !== undefined && JSON.stringify(a) === JSON.stringify(b)
}
