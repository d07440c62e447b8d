import { sealedSecrets } from '../../lattice/provider-secrets.ts'
import type { ResolvedLink } from '../../lattice/resolved-link.ts'
import type { Xkey } from '../../lattice/xkey.ts'
import type { ProviderLink } from '../../provider.ts'

/** A link as a provider process gets it, its secrets sealed for that process alone. */
export function resolveLink(
  link: ProviderLink,
  keys: { readonly host: Xkey; readonly provider: string },
): ResolvedLink {
  return {
    ...bareLink(link),
    source_config: link.sourceConfig,
    target_config: link.targetConfig,
    source_secrets: sealedSecrets(link.sourceSecrets, keys),
    target_secrets: sealedSecrets(link.targetSecrets, keys),
  }
}

/** The link without config and secrets, as deletes have it. */
export function bareLink(link: ProviderLink): ResolvedLink {
  return {
    source_id: link.source,
    target: link.target,
    name: link.name,
    wit_namespace: link.namespace,
    wit_package: link.package,
    interfaces: link.interfaces,
    source_config: {},
    target_config: {},
    source_secrets: null,
    target_secrets: null,
  }
}
