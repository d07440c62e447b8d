/** Thrown through the guest when it calls `wasi:cli/exit`: not a trap, but nothing runs after it. */
export class GuestExit extends Error {
  override readonly name = 'GuestExit'
  /** 0 is success. */
  readonly code: number

  constructor(code: number) {
    super(`the guest exited with code ${code}`)
    this.code = code
  }
}
