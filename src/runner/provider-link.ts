import type { HostData } from '../lattice/host-data.ts'
import { openSecrets } from '../lattice/provider-secrets.ts'
import type { ResolvedLink } from '../lattice/resolved-link.ts'
import { type Xkey, xkeyFromSeed } from '../lattice/xkey.ts'
import type { ProviderLink } from '../provider.ts'
import type { Secrets } from '../secret.ts'

/** The key of this process, which its host has made for it; undefined from a host that seals nothing. */
export function ownKey(data: HostData): Xkey | undefined {
  const seed = data.provider_xkey_private_key
  return seed === '' || data.host_xkey_public_key === '' ? undefined : xkeyFromSeed(seed)
}

/** A link as providers know it; throws `denied` when its secrets were sealed for somebody else. */
export function providerLink(link: ResolvedLink, data: HostData, key: Xkey | undefined): ProviderLink {
  const opened = (sealed: readonly number[] | null): Secrets =>
    key ? openSecrets(sealed, { host: data.host_xkey_public_key, provider: key }) : {}
  const sourceSecrets = opened(link.source_secrets)
  const targetSecrets = opened(link.target_secrets)
  return {
    source: link.source_id,
    target: link.target,
    name: link.name,
    namespace: link.wit_namespace,
    package: link.wit_package,
    interfaces: link.interfaces,
    sourceConfig: link.source_config,
    targetConfig: link.target_config,
    ...(Object.keys(sourceSecrets).length > 0 && { sourceSecrets }),
    ...(Object.keys(targetSecrets).length > 0 && { targetSecrets }),
  }
}
