import { byteList, listOf, mapOf, or, orNull, record, type Shape, text } from './shape.ts'

/** A link as providers get it: configs are merged maps, secrets sealed for the provider. */
export interface ResolvedLink {
  readonly source_id: string
  readonly target: string
  readonly name: string
  readonly wit_namespace: string
  readonly wit_package: string
  readonly interfaces: readonly string[]
  readonly source_config: Readonly<Record<string, string>>
  readonly target_config: Readonly<Record<string, string>>
  /** Bytes: a JSON map of secrets, sealed by the host's xkey for the provider's. */
  readonly source_secrets: readonly number[] | null
  readonly target_secrets: readonly number[] | null
}

const sealed: Shape<readonly number[] | null> = (value, path) => {
  const bytes = orNull(byteList)(value, path)
  return bytes && [...bytes]
}

export const resolvedLinkShape: Shape<ResolvedLink> = record({
  source_id: text,
  target: text,
  name: or(text, 'default'),
  wit_namespace: text,
  wit_package: text,
  interfaces: or(listOf(text), []),
  source_config: or(mapOf(text), {}),
  target_config: or(mapOf(text), {}),
  source_secrets: sealed,
  target_secrets: sealed,
})

/** What tells links of one provider apart. */
export function resolvedLinkKey(link: ResolvedLink): string {
  const { source_id, target, name, wit_namespace, wit_package } = link
  return JSON.stringify([source_id, target, name, wit_namespace, wit_package])
}
