import { hashOf } from './digest.ts'
import type { SignOptions } from './sign-component.ts'
import { signToken } from './token.ts'

/** Makes the claims of a provider whose executables are given by target. */
export async function signProvider(
  executables: Readonly<Record<string, Uint8Array>>,
  options: Omit<SignOptions, 'tags'> & { readonly vendor: string },
): Promise<string> {
  const { issuer, subject, name, version, revision, vendor, expires, notBefore } = options
  const hashes = Object.entries(executables).map(
    async ([target, bytes]) => [target, await hashOf(bytes)] as const,
  )
  return signToken(issuer, {
    subject,
    metadata: {
      name,
      vendor,
      rev: revision ?? 0,
      ...(version !== undefined && { ver: version }),
      target_hashes: Object.fromEntries(await Promise.all(hashes)),
    },
    ...(expires !== undefined && { expires }),
    ...(notBefore !== undefined && { notBefore }),
  })
}
