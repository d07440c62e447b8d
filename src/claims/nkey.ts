import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { WeftError } from '../errors.ts'

/** Whose key it is, by the letter that it begins with: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth */
const nkeyKinds = { account: 'A', component: 'M', provider: 'V', host: 'N', user: 'U' } as const
export type NkeyKind = keyof typeof nkeyKinds

/** A key pair that signs; ed25519 by node:crypto, which is hundreds of times faster than the nkeys package. */
export interface SigningKey {
  /** `A…`, `M…`, `V…` or `N…`: 56 characters. */
  readonly publicKey: string
  /** `S` before the same letter: the secret. */
  readonly seed: string
  sign(bytes: Uint8Array): Uint8Array
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const seedPrefix = 18 << 3
const keyBytes = 32
/** What stands before a raw ed25519 seed in PKCS #8. */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Makes a new key pair of a kind. */
export function createSigningKey(kind: NkeyKind): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519')
  return signingKey(kind, privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-keyBytes))
}

/** The key pair of a seed (`SA…`, `SM…`, …); `invalid`, without repeating the secret, when it is none of that kind. */
export function signingKeyFromSeed(kind: NkeyKind, seed: string): SigningKey {
  const expected = `S${nkeyKinds[kind]}`
  const bytes = decode(seed.trim())
  const isRight = seed.trim().startsWith(expected) && bytes?.length === keyBytes + 2
  if (!bytes || !isRight)
    throw new WeftError('invalid', `expected an nkeys seed of kind ${kind} (${expected}…)`)
  return signingKey(kind, bytes.subarray(2))
}

/** A key pair that is the same whenever it is made from the same text; it names something, it guards nothing. */
export function derivedKey(kind: NkeyKind, text: string): SigningKey {
  return signingKey(kind, createHash('sha256').update(text).digest())
}

/** True when `publicKey` signed `bytes`; false for anything that is no key or no signature too. */
export function verifySignature(publicKey: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const raw = decode(publicKey)
  if (raw?.length !== keyBytes + 1) return false
  const x = Buffer.from(raw.subarray(1)).toString('base64url')
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  return verify(null, bytes, key, signature)
}

/** True for the public key of a kind, its checksum included. */
export function isPublicKey(kind: NkeyKind, text: string): boolean {
  return text.startsWith(nkeyKinds[kind]) && decode(text)?.length === keyBytes + 1
}

function signingKey(kind: NkeyKind, rawSeed: Uint8Array): SigningKey {
  const prefix = alphabet.indexOf(nkeyKinds[kind]) << 3
  const key = createPrivateKey({ key: Buffer.concat([pkcs8, rawSeed]), format: 'der', type: 'pkcs8' })
  return {
    publicKey: encode(Buffer.concat([Uint8Array.of(prefix), rawPublic(key)])),
    // The letter's five bits stand across two bytes, behind those of the S.
    seed: encode(Buffer.concat([Uint8Array.of(seedPrefix | (prefix >> 5), (prefix & 31) << 3), rawSeed])),
    sign: (bytes) => sign(null, bytes, key),
  }
}

function rawPublic(key: KeyObject): Uint8Array {
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-keyBytes)
}

/** Base32 without padding, a CRC-16 behind the bytes. */
function encode(bytes: Uint8Array): string {
  const sum = crc16(bytes)
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of [...bytes, sum & 0xff, sum >> 8]) {
    value = (value << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31]
    value &= (1 << bits) - 1
  }
  return bits > 0 ? text + alphabet[(value << (5 - bits)) & 31] : text
}

function decode(text: string): Uint8Array | undefined {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const letter of text) {
    const five = alphabet.indexOf(letter)
    if (five === -1) return undefined
    value = (value << 5) | five
    bits += 5
    if (bits >= 8) {
      bytes.push((value >> (bits - 8)) & 0xff)
      bits -= 8
    }
    value &= (1 << bits) - 1
  }
  const body = Uint8Array.from(bytes.slice(0, -2))
  const [low = 0, high = 0] = bytes.slice(-2)
  return bytes.length > 2 && crc16(body) === (low | (high << 8)) ? body : undefined
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff
  }
  return crc
}
