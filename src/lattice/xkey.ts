import { createCurve, fromCurveSeed, type KeyPair } from '@nats-io/nkeys'
import { WeftError } from '../errors.ts'

/** A key pair that seals and opens (X25519 with XSalsa20-Poly1305, the `xkv1` format of nkeys). */
export interface Xkey {
  /** `X…` */
  readonly publicKey: string
  /** `SX…`: the secret. */
  readonly seed: string
  /** Seals bytes so that only the owner of the public key `to` can open them. */
  seal(bytes: Uint8Array, to: string): Uint8Array
  /** Opens what the owner of `from` sealed for this key; `denied` when it is not that. */
  open(sealed: Uint8Array, from: string): Uint8Array
}

export function createXkey(): Xkey {
  return xkeyOf(createCurve())
}

/** The pair of a seed (`SX…`); `invalid`, without repeating it, for anything else. */
export function xkeyFromSeed(seed: string): Xkey {
  try {
    return xkeyOf(fromCurveSeed(new TextEncoder().encode(seed.trim())))
  } catch (cause) {
    throw new WeftError('invalid', 'expected an nkeys curve seed (SX…), as `nk -gen curve` makes it', {
      cause,
    })
  }
}

function xkeyOf(pair: KeyPair): Xkey {
  return {
    publicKey: pair.getPublicKey(),
    seed: new TextDecoder().decode(pair.getSeed()),
    seal: (bytes, to) => attempt('sealed for that key', () => pair.seal(bytes, to)),
    open: (sealed, from) =>
      attempt(
        'opened: it was sealed by another key, or for another',
        () => pair.open(sealed, from) ?? undefined,
      ),
  }
}

function attempt(what: string, deed: () => Uint8Array | undefined): Uint8Array {
  let cause: unknown
  try {
    const done = deed()
    if (done) return done
  } catch (thrown) {
    cause = thrown
  }
  throw new WeftError('denied', `a sealed message cannot be ${what}`, { cause })
}
