import { GuestError } from '../../capability/guest-error.ts'
import { WeftError } from '../../errors.ts'
import { SocketError } from '../network/socket-error.ts'
import type { SocketOwner } from '../network/tcp.ts'
import type { WasiContext } from '../wasi-context.ts'

/** What the sockets of one instance share, on WASI 0.3. */
export interface Wasi03Sockets extends SocketOwner {
  readonly context: Pick<WasiContext, 'life' | 'signal' | 'commit'>
}

/** Codes that 0.3 has no more: its functions wait, and nothing is under way in between. */
const gone = ['unknown', 'concurrency-conflict', 'not-in-progress', 'would-block', 'new-socket-limit']

/** `error-code` of `wasi:sockets/types@0.3`. */
export function socketErrorCode(thrown: unknown): { readonly tag: string; readonly val?: string } {
  const { code } = SocketError.from(thrown)
  return gone.includes(code) || code.endsWith('resolver-failure') || code === 'name-unresolvable'
    ? { tag: 'other', val: code }
    : { tag: code }
}

/** A refusal is the guest's error value. */
export function asked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw refused(error)
  }
}

/** The same for what takes time. */
export async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw refused(error)
  }
}

function refused(error: unknown): unknown {
  // Not a socket's failure, but the end of the call.
  if (error instanceof WeftError) return error
  return new GuestError(socketErrorCode(error))
}
