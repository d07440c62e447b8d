/**
 * The digest that names content in a registry: `sha256:` and 64 hex digits. Made off the calling thread, which may have a
 * heart to beat.
 */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  return `sha256:${Buffer.from(await sha256(bytes)).toString('hex')}`
}

/** The hash that claims name: SHA-256 in upper case hex, made off the calling thread too. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await sha256(bytes))
    .toString('hex')
    .toUpperCase()
}

function sha256(bytes: Uint8Array): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
}
