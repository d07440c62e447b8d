import type { Manifest, ManifestComponent } from '../manifest/manifest.ts'
import type { ManifestLink } from '../manifest/read-link.ts'

type Config = readonly { readonly properties?: Readonly<Record<string, string>> | undefined }[]

/** Where an application answers HTTP: the ends of its links to `wasi:http/incoming-handler`. */
export function urlsOf(manifest: Manifest): string[] {
  return manifest.components.flatMap((component) =>
    component.links
      .filter(
        (link) =>
          link.namespace === 'wasi' &&
          link.package === 'http' &&
          link.interfaces.includes('incoming-handler'),
      )
      .flatMap((link) => urlOf(component, link) ?? []),
  )
}

/** The link's own address, or the one that all links of its provider share, with what tells this one apart. */
function urlOf(provider: ManifestComponent, link: ManifestLink): string | undefined {
  const own = configured(link.source.config, 'address')
  if (own !== undefined) return `http://${reachable(own)}`
  const shared = configured(provider.config, 'default_address')
  if (shared === undefined) return undefined
  const host = configured(link.source.config, 'host')
  if (host !== undefined)
    return `http://${host}${host.includes(':') ? '' : (/:\d+$/.exec(shared)?.[0] ?? '')}`
  return `http://${reachable(shared)}${configured(link.source.config, 'path')?.replace(/\*$/, '') ?? ''}`
}

function reachable(address: string): string {
  return address.replace(/^0\.0\.0\.0:/, '127.0.0.1:')
}

function configured(config: Config, name: string): string | undefined {
  return config.map(({ properties }) => properties?.[name]).find((value) => value !== undefined)
}
