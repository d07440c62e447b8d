import type { Call } from '../../src/call/call.ts'
import { WeftError } from '../../src/errors.ts'
import type { Provider, ProviderContext, ProviderLink } from '../../src/provider.ts'

/** What components are linked to, for providers that have a backend behind each link. */
export interface LinkedBackends<T>
  extends Required<Pick<Provider, 'putLink' | 'deleteLink' | 'moveLink' | 'health'>> {
  /** The backend behind the link that a call came over; undefined when its source has none of that name. */
  behind(call: Call): T | undefined
}

/**
 * Keeps a backend for each link whose target is the provider. `open` reads the link's config, the provider's own
 * underneath; what it throws is the link's refusal and shows in the provider's health.
 */
export function linkedBackends<T>(
  context: Pick<ProviderContext, 'id' | 'config'>,
  open: (link: ProviderLink, config: Readonly<Record<string, string>>) => Promise<T>,
): LinkedBackends<T> {
  const linked = new Map<string, T>()
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
    behind: (call) => linked.get(linkKey(call.source, call.context.linkName)),
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

function linkKey(source: string, name: string): string {
  return `${source} ${name}`
}
