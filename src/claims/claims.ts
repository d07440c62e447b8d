import { WeftError } from '../errors.ts'
import { hashOf } from './digest.ts'
import { isPublicKey } from './nkey.ts'
import { type TokenClaims, verifyToken, wascapRevision } from './token.ts'
import { embeddedToken, wasmHash } from './wasm-token.ts'

/** What a signed component or provider says of itself, checked. */
export interface Claims {
  /** Its own public key: `M…` for a component, `V…` for a provider. */
  readonly subject: string
  /** The account that signed: `A…`. */
  readonly issuer: string
  readonly issuedAt: number
  readonly expires?: number
  readonly notBefore?: number
  readonly name?: string
  readonly version?: string
  readonly revision?: number
  readonly tags?: readonly string[]
  readonly callAlias?: string
  readonly vendor?: string
  readonly configSchema?: unknown
  /** The token itself, for those who check it again. */
  readonly jwt: string
}

/**
 * The claims embedded in a component; undefined when it is unsigned. `denied` says why claims do not hold: signature,
 * time, or a hash of other bytes.
 */
export async function componentClaims(
  wasm: Uint8Array,
  ref: string,
  now: Date = new Date(),
): Promise<Claims | undefined> {
  const jwt = embeddedToken(wasm, ref)
  if (jwt === undefined) return undefined
  const token = verifyToken(jwt, ref, now)
  const { hash } = token.metadata
  if (token.revision >= wascapRevision && hash !== (await wasmHash(wasm, ref)))
    throw new WeftError(
      'denied',
      `${ref}: its claims are of other bytes: they were made for hash ${String(hash)}`,
    )
  requireSubject('component', token, ref)
  return claimsOf(token, jwt)
}

/** The claims of a provider archive, its executables checked; undefined when it is unsigned. */
export async function providerClaims(
  archive: {
    readonly jwt: string | undefined
    readonly targets: readonly string[]
    executable(target: string): Uint8Array
  },
  ref: string,
  now: Date = new Date(),
): Promise<Claims | undefined> {
  if (archive.jwt === undefined) return undefined
  const token = verifyToken(archive.jwt, ref, now)
  const hashes = token.metadata['target_hashes']
  const expected = new Map(Object.entries(typeof hashes === 'object' && hashes !== null ? hashes : {}))
  for (const target of archive.targets) {
    const hash = await hashOf(archive.executable(target))
    if (expected.get(target) !== hash)
      throw new WeftError(
        'denied',
        `${ref}: its claims are of another ${target} executable than the one inside`,
      )
  }
  requireSubject('provider', token, ref)
  return claimsOf(token, archive.jwt)
}

function requireSubject(kind: 'component' | 'provider', { subject }: TokenClaims, ref: string): void {
  if (isPublicKey(kind, subject)) return
  throw new WeftError('denied', `${ref}: its claims are for ${subject}, which is no ${kind}'s key`)
}

function claimsOf({ metadata, revision: _, ...token }: TokenClaims, jwt: string): Claims {
  const { name, ver, rev, tags, call_alias, vendor, config_schema } = metadata
  return {
    ...token,
    jwt,
    ...(typeof name === 'string' && { name }),
    ...(typeof ver === 'string' && { version: ver }),
    ...(typeof rev === 'number' && { revision: rev }),
    ...(Array.isArray(tags) && { tags: tags.filter((tag) => typeof tag === 'string') }),
    ...(typeof call_alias === 'string' && { callAlias: call_alias }),
    ...(typeof vendor === 'string' && { vendor }),
    ...(config_schema !== undefined && config_schema !== null && { configSchema: config_schema }),
  }
}
