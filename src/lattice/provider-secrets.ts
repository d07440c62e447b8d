import type { Secrets } from '../secret.ts'
import type { Xkey } from './xkey.ts'

/** A secret as a provider process reads it, in HostData and in sealed links. */
export type ProviderSecret =
  | { readonly kind: 'String'; readonly value: string }
  | { readonly kind: 'Bytes'; readonly value: readonly number[] }

/** The `secrets` of HostData. */
export function providerSecrets(secrets: Secrets): Readonly<Record<string, ProviderSecret>> {
  return Object.fromEntries(
    Object.entries(secrets).map(([name, secret]) => [
      name,
      secret.tag === 'string'
        ? { kind: 'String' as const, value: secret.val }
        : { kind: 'Bytes' as const, value: [...secret.val] },
    ]),
  )
}

/** The `source_secrets` or `target_secrets` of a link: sealed for the provider, null when there are none. */
export function sealedSecrets(
  secrets: Secrets | undefined,
  keys: { readonly host: Xkey; readonly provider: string },
): readonly number[] | null {
  if (!secrets || Object.keys(secrets).length === 0) return null
  const json = new TextEncoder().encode(JSON.stringify(providerSecrets(secrets)))
  return [...keys.host.seal(json, keys.provider)]
}
