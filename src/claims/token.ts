import { randomUUID } from 'node:crypto'
import { WeftError } from '../errors.ts'
import { type SigningKey, verifySignature } from './nkey.ts'

/** What a wasmCloud token (JWT) says. Times are seconds since the epoch. */
export interface TokenClaims {
  readonly issuer: string
  readonly subject: string
  readonly issuedAt: number
  readonly expires?: number
  readonly notBefore?: number
  /** The `wascap` part: what is said of a component, a provider or a host. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** The version of these rules that the signer knew. */
  readonly revision: number
}

const header = { typ: 'jwt', alg: 'Ed25519' } as const
/** Claims from this revision on carry a hash that is checked. */
export const wascapRevision = 3

/**
 * Reads a token and checks its signature and its time. Throws `denied` with the reason; `what` names the thing that
 * carries it.
 */
export function verifyToken(jwt: string, what: string, now: Date = new Date()): TokenClaims {
  const [head = '', body = '', signature = '', ...rest] = jwt.trim().split('.')
  const claims = rest.length === 0 ? readClaims(head, body) : undefined
  if (!claims) throw refused(what, 'are not a JWT of wasmCloud')
  const signed = new TextEncoder().encode(`${head}.${body}`)
  if (!verifySignature(claims.issuer, signed, Buffer.from(signature, 'base64url')))
    throw refused(what, `are not signed by their issuer ${claims.issuer}`)
  const seconds = now.getTime() / 1000
  if (claims.expires !== undefined && claims.expires < seconds)
    throw refused(what, `expired at ${isoTime(claims.expires)}`)
  if (claims.notBefore !== undefined && claims.notBefore > seconds)
    throw refused(what, `are not valid before ${isoTime(claims.notBefore)}`)
  return claims
}

/** Signs a token. */
export function signToken(
  issuer: SigningKey,
  claims: Omit<TokenClaims, 'issuer' | 'revision' | 'issuedAt'>,
): string {
  const body = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.publicKey,
    sub: claims.subject,
    ...(claims.expires !== undefined && { exp: claims.expires }),
    ...(claims.notBefore !== undefined && { nbf: claims.notBefore }),
    wascap: claims.metadata,
    wascap_revision: wascapRevision,
  }
  const signed = `${part(header)}.${part(body)}`
  return `${signed}.${Buffer.from(issuer.sign(Buffer.from(signed))).toString('base64url')}`
}

function readClaims(head: string, body: string): TokenClaims | undefined {
  const { typ, alg } = objectIn(head) ?? {}
  const { iss, sub, iat, exp, nbf, wascap, wascap_revision } = objectIn(body) ?? {}
  if (String(typ).toLowerCase() !== header.typ || alg !== header.alg) return undefined
  if (typeof iss !== 'string' || typeof sub !== 'string') return undefined
  return {
    issuer: iss,
    subject: sub,
    issuedAt: typeof iat === 'number' ? iat : 0,
    ...(typeof exp === 'number' && { expires: exp }),
    ...(typeof nbf === 'number' && { notBefore: nbf }),
    metadata: isObject(wascap) ? wascap : {},
    revision: typeof wascap_revision === 'number' ? wascap_revision : 0,
  }
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function isoTime(seconds: number): string {
  const time = new Date(seconds * 1000)
  return Number.isNaN(time.getTime()) ? String(seconds) : time.toISOString()
}

function refused(what: string, why: string): WeftError {
  return new WeftError('denied', `${what}: its claims ${why}`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
