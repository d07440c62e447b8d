import { WeftError } from '../errors.ts'
import type { Secrets, SecretValue } from '../secret.ts'
import { byteList, mapOf, parseJson, record, type Shape, text } from './shape.ts'
import type { Xkey } from './xkey.ts'

/** A secret as a provider process reads it, in HostData and in sealed links. */
export type ProviderSecret =
  | { readonly kind: 'String'; readonly value: string }
  | { readonly kind: 'Bytes'; readonly value: readonly number[] }

export const providerSecretShape: Shape<ProviderSecret> = (value, path) => {
  const { kind } = record({ kind: text })(value, path)
  if (kind === 'String') return { kind, value: record({ value: text })(value, path).value }
  if (kind === 'Bytes') return { kind, value: [...record({ value: byteList })(value, path).value] }
  throw new WeftError('invalid', `${path}: expected a secret of kind String or Bytes`)
}

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

/** The other way: what a provider process was given. */
export function secretsFromProvider(given: Readonly<Record<string, ProviderSecret>>): Secrets {
  return Object.fromEntries(
    Object.entries(given).map(([name, secret]): [string, SecretValue] => [
      name,
      secret.kind === 'String'
        ? { tag: 'string', val: secret.value }
        : { tag: 'bytes', val: Uint8Array.from(secret.value) },
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

/** Opens them with the provider's own key; `denied` when they were sealed for another. */
export function openSecrets(
  sealed: readonly number[] | null,
  keys: { readonly host: string; readonly provider: Xkey },
): Secrets {
  if (!sealed) return {}
  const json = keys.provider.open(Uint8Array.from(sealed), keys.host)
  return secretsFromProvider(parseJson(json, mapOf(providerSecretShape)))
}
