import type { SigningKey } from './nkey.ts'
import { signToken } from './token.ts'
import { wasmHash, withToken } from './wasm-token.ts'

/** What is claimed of a component that is signed. */
export interface SignOptions {
  /** The account that vouches for it. */
  readonly issuer: SigningKey
  /** The component's own public key, `M…`. */
  readonly subject: string
  readonly name: string
  readonly version?: string | undefined
  readonly revision?: number | undefined
  readonly tags?: readonly string[] | undefined
  /** Seconds since the epoch. */
  readonly expires?: number | undefined
  readonly notBefore?: number | undefined
}

/** Embeds signed claims in a component, in the place of older ones. `ref` is for errors. */
export async function signComponent(
  wasm: Uint8Array,
  options: SignOptions,
  ref: string,
): Promise<Uint8Array> {
  const { issuer, subject, name, version, revision, tags, expires, notBefore } = options
  const jwt = signToken(issuer, {
    subject,
    metadata: {
      name,
      hash: await wasmHash(wasm, ref),
      tags: tags ?? [],
      rev: revision ?? 0,
      ...(version !== undefined && { ver: version }),
      prov: false,
    },
    ...(expires !== undefined && { expires }),
    ...(notBefore !== undefined && { notBefore }),
  })
  return withToken(wasm, jwt, ref)
}
