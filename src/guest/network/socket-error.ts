/** What `wasi:sockets` calls the ways in which an operation can fail, of 0.2 and 0.3. */
export type SocketErrorCode =
  | 'unknown'
  | 'access-denied'
  | 'not-supported'
  | 'invalid-argument'
  | 'out-of-memory'
  | 'timeout'
  | 'concurrency-conflict'
  | 'not-in-progress'
  | 'would-block'
  | 'invalid-state'
  | 'new-socket-limit'
  | 'address-not-bindable'
  | 'address-in-use'
  | 'remote-unreachable'
  | 'connection-refused'
  | 'connection-broken'
  | 'connection-reset'
  | 'connection-aborted'
  | 'datagram-too-large'
  | 'name-unresolvable'
  | 'temporary-resolver-failure'
  | 'permanent-resolver-failure'

/** A guest's use of the network failed. */
export class SocketError extends Error {
  override readonly name = 'SocketError'
  readonly code: SocketErrorCode

  constructor(code: SocketErrorCode, options?: { readonly cause?: unknown }) {
    super(`socket error ${code}`, options)
    this.code = code
  }

  /** What was thrown, as the guest may know it. */
  static from(thrown: unknown): SocketError {
    if (thrown instanceof SocketError) return thrown
    const errno = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    return new SocketError(codes[errno] ?? 'unknown', { cause: thrown })
  }
}

const codes: Readonly<Record<string, SocketErrorCode>> = {
  EACCES: 'access-denied',
  EADDRINUSE: 'address-in-use',
  EADDRNOTAVAIL: 'address-not-bindable',
  EAFNOSUPPORT: 'not-supported',
  EAI_AGAIN: 'temporary-resolver-failure',
  EAI_FAIL: 'permanent-resolver-failure',
  EAI_NODATA: 'name-unresolvable',
  EAI_NONAME: 'name-unresolvable',
  ECONNABORTED: 'connection-aborted',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-reset',
  EHOSTUNREACH: 'remote-unreachable',
  EINVAL: 'invalid-argument',
  EMFILE: 'new-socket-limit',
  EMSGSIZE: 'datagram-too-large',
  ENETDOWN: 'remote-unreachable',
  ENETUNREACH: 'remote-unreachable',
  ENFILE: 'new-socket-limit',
  ENOBUFS: 'out-of-memory',
  ENODATA: 'name-unresolvable',
  ENOTFOUND: 'name-unresolvable',
  EPERM: 'access-denied',
  EPIPE: 'connection-reset',
  ETIMEDOUT: 'timeout',
}
