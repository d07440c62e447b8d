import type { Claims } from '../claims/claims.ts'

/** Seconds since the epoch as digits, or `never`: what the protocol calls human. */
function human(seconds: number | undefined): string {
  return seconds === undefined ? 'never' : String(seconds)
}

/**
 * What events of a signed component carry. Without a name the claims are left out: wadm cannot read a null there.
 */
export function componentEventClaims(claims: Claims | undefined): {
  readonly public_key?: string
  readonly claims?: Readonly<Record<string, unknown>>
} {
  if (!claims) return {}
  const { subject, issuer, name, version, revision, tags, callAlias } = claims
  if (name === undefined) return { public_key: subject }
  return {
    public_key: subject,
    claims: {
      call_alias: callAlias ?? null,
      issuer,
      tags: tags ?? null,
      name,
      version: version ?? '',
      revision: revision ?? null,
      not_before_human: human(claims.notBefore),
      expires_human: human(claims.expires),
    },
  }
}

/** What `provider_started` of a signed provider carries besides its id; tags are one text here. */
export function providerEventClaims(claims: Claims | undefined): {
  readonly claims?: Readonly<Record<string, unknown>>
} {
  if (claims?.name === undefined || claims.version === undefined) return {}
  return {
    claims: {
      issuer: claims.issuer,
      tags: claims.tags?.join(',') ?? null,
      name: claims.name,
      version: claims.version,
      not_before_human: human(claims.notBefore),
      expires_human: human(claims.expires),
    },
  }
}

/** The `CLAIMS_{subject}` entry of the lattice's bucket, which `claims.get` is answered from. */
export function claimsEntry(
  kind: 'component' | 'provider',
  claims: Claims,
): Readonly<Record<string, unknown>> {
  const {
    subject,
    issuer,
    name = '',
    version = '',
    revision = 0,
    tags = [],
    callAlias = '',
    configSchema,
  } = claims
  const common = { issuer, name, revision: String(revision), subject, version }
  if (kind === 'component') return { call_alias: callAlias, ...common, tags }
  return { ...common, ...(configSchema !== undefined && { config_schema: JSON.stringify(configSchema) }) }
}
