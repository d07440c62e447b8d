import { eventCode, Waitable } from './waitable.ts'

/** How far an asynchronous call has come (CanonicalABI.md, `Subtask.State`). */
export const subtaskState = { starting: 0, started: 1, returned: 2, cancelledBeforeReturned: 4 } as const

/** A call that a guest made without waiting for it. */
export class Subtask extends Waitable {
  state: number = subtaskState.started
  #handle = 0

  constructor() {
    super('subtask')
  }

  override get isUnfinished(): boolean {
    return !this.isResolved
  }

  get isResolved(): boolean {
    return this.state >= subtaskState.returned
  }

  /** The result lies in the guest's memory; from now on it may hear of it. */
  returned(): void {
    if (this.isResolved) return
    this.state = subtaskState.returned
    this.setEvent(() => [eventCode.subtask, this.#handle, this.state])
  }

  /** Gives up: whatever comes of the call is not looked at. */
  cancel(): number {
    if (!this.isResolved) this.state = subtaskState.cancelledBeforeReturned
    this.takeEvent()
    return this.state
  }

  /** The number that the guest knows it by. */
  named(handle: number): number {
    this.#handle = handle
    return this.state | (handle << 4)
  }
}
