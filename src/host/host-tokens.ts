import { createSigningKey, derivedKey } from '../claims/nkey.ts'
import { signToken } from '../claims/token.ts'
import { version } from '../version.ts'

/** The tokens that a host signs itself, with an account key of its own that is made at each start. */
export interface HostTokens {
  /** Says which host asks. */
  readonly host: string
  /** Says that a provider of this host's own asks. */
  builtin(name: string): string
}

export function createHostTokens(host: { readonly id: string; readonly friendlyName: string }): HostTokens {
  const account = createSigningKey('account')
  return {
    host: signToken(account, {
      subject: host.id,
      metadata: { name: host.friendlyName, labels: { self_signed: 'true' } },
    }),
    builtin: (name) =>
      signToken(account, {
        subject: builtinSubject(name),
        metadata: { name, vendor: 'weft', rev: 0, ver: version, target_hashes: {} },
      }),
  }
}

/** The public key that stands for a provider that is part of Weft: the same on every host. */
export function builtinSubject(name: string): string {
  return derivedKey('provider', `wasmcloud+builtin://${name}`).publicKey
}
