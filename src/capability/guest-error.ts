/** The `err` case of a WIT `result`, thrown by an import: the guest sees `payload` as its error value. */
export class GuestError extends Error {
  readonly payload: unknown

  constructor(payload: unknown) {
    super('error value for the guest')
    this.payload = payload
  }
}

export function guestError(payload: unknown): GuestError {
  return new GuestError(payload)
}
