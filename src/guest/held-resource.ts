import type { CallSession } from '../call/session.ts'

/** A resource of another component, as a guest that uses it holds it. */
export class HeldResource {
  readonly session: CallSession
  readonly target: string
  /** What it is to the component that made it. */
  readonly resource: unknown

  constructor(session: CallSession, target: string, resource: unknown) {
    this.session = session
    this.target = target
    this.resource = resource
  }

  [Symbol.dispose](): void {
    this.session.dispose(this.target, this.resource)
  }
}
