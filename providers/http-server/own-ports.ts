import { isDeepStrictEqual } from 'node:util'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import { addressFrom, timeoutFrom } from './listen-options.ts'
import { type Listener, listen } from './listener.ts'
import { type Site, serveRequest } from './serve-request.ts'

/** The ways in of a provider, one for each link. */
export interface Doors {
  open(link: ProviderLink): Promise<void>
  close(link: ProviderLink): Promise<void>
  /** A link has another target or config: the way in stays open if it can. */
  move(before: ProviderLink, after: ProviderLink): Promise<void>
  closeAll(): Promise<void>
}

/** `routing_mode: address`: a listener for each link. */
export function ownPorts(context: ProviderContext): Doors {
  const listeners = new Map<string, { readonly listener: Listener; readonly site: Site }>()
  const open = async (link: ProviderLink) => {
    const site = { context, link, timeoutMs: timeoutFrom(link.sourceConfig) }
    const listener = await listen(addressFrom(link.sourceConfig), {
      context,
      purpose: `link ${link.name} to ${link.target}`,
      onRequest: (req, res) => void serveRequest(site, req, res),
    })
    listeners.set(link.name, { listener, site })
  }
  const close = async ({ name }: ProviderLink) => {
    const found = listeners.get(name)
    listeners.delete(name)
    await found?.listener.close()
  }
  return {
    open,
    close,
    async move(before, after) {
      const found = listeners.get(before.name)
      if (found && isDeepStrictEqual(before.sourceConfig, after.sourceConfig)) found.site.link = after
      else {
        await close(before)
        await open(after)
      }
    },
    async closeAll() {
      await Promise.all([...listeners.values()].map(({ listener }) => listener.close()))
    },
  }
}
