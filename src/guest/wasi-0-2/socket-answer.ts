import { GuestError } from '../../capability/guest-error.ts'
import { SocketError } from '../network/socket-error.ts'

/** A refusal is the guest's error value. */
export function asked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw socketFailed(error)
  }
}

export function socketFailed(error: unknown): GuestError {
  return new GuestError(SocketError.from(error).code)
}
