import type { Claims } from '../claims/claims.ts'
import type { Policy } from '../lattice/policy.ts'
import { builtinName } from './builtin-providers.ts'
import type { HostTokens } from './host-tokens.ts'
import { type OpenProviderParts, openProvider } from './open-provider.ts'
import type { HostedProvider } from './workload.ts'

export interface OpenProviderCode extends Omit<OpenProviderParts, 'permit'> {
  readonly policy: Policy
  readonly tokens: HostTokens
}

/** Where a provider's code is: one of Weft's own, or a program that was fetched; asks the policy service on the way. */
export async function openProviderCode(
  provider: {
    readonly id: string
    readonly ref: string
    readonly annotations: HostedProvider['annotations']
  },
  parts: OpenProviderCode,
): Promise<Pick<HostedProvider, 'name' | 'image' | 'program' | 'claims' | 'jwt'>> {
  const { policy, tokens } = parts
  const permit = (claims: Claims | undefined) => policy.startProvider({ ...provider, claims })
  const name = builtinName(provider.ref)
  if (name !== undefined) {
    await permit(undefined)
    return { name, image: provider.ref, program: undefined, claims: undefined, jwt: tokens.builtin(name) }
  }
  const { path, claims } = await openProvider(provider.ref, { ...parts, permit })
  const image = withoutScheme(provider.ref)
  return { name: image, image, program: path, claims, jwt: claims?.jwt }
}

/** As wasmCloud shows providers: `file:///p/x.par.gz` is `/p/x.par.gz`, `oci://r` is `r`. */
function withoutScheme(ref: string): string {
  return ref.replace(/^[a-z+]+:\/\//, '')
}
