const plain = /^(?![.=])[-/_=.a-zA-Z0-9]*[-/_=a-zA-Z0-9]$/

/** A key as JetStream takes it: unchanged when it can be, else `=` and its bytes in base64url. */
export function encodeKey(key: string): string {
  return plain.test(key) && !key.includes('..') ? key : `=${Buffer.from(key).toString('base64url')}`
}

/** The key that `encodeKey` was given. */
export function decodeKey(stored: string): string {
  return stored.startsWith('=') ? Buffer.from(stored.slice(1), 'base64url').toString() : stored
}
