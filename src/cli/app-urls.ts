import type { Manifest } from '../manifest/manifest.ts'

/** Where an application answers HTTP: the addresses of its links to `wasi:http/incoming-handler`. */
export function urlsOf(manifest: Manifest): string[] {
  return manifest.components
    .flatMap((component) => component.links)
    .filter(
      (link) =>
        link.namespace === 'wasi' && link.package === 'http' && link.interfaces.includes('incoming-handler'),
    )
    .flatMap((link) => link.source.config.flatMap(({ properties }) => properties?.['address'] ?? []))
    .map((address) => `http://${address.replace(/^0\.0\.0\.0:/, '127.0.0.1:')}`)
}
