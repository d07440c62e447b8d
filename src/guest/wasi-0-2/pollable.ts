import { type Readiness, waitForOne } from './readiness.ts'

/** `wasi:io/poll` resource `pollable`. Every `subscribe` makes a new one. */
export class Pollable {
  readonly readiness: Readiness
  readonly signal: AbortSignal

  constructor(readiness: Readiness, signal: AbortSignal) {
    this.readiness = readiness
    this.signal = signal
  }

  ready(): boolean {
    return this.readiness.isReady()
  }

  block(): Promise<void> | undefined {
    return waitForOne([this.readiness], this.signal)
  }
}

/** `wasi:io/poll` function `poll`: the indexes of those that are ready, at least one. An empty list traps. */
export function poll(pollables: readonly Pollable[]): number[] | Promise<number[]> {
  const [first] = pollables
  if (first === undefined)
    throw new Error('wasi:io/poll poll: the list is empty, nothing would ever end the wait')
  const readyOnes = () => pollables.flatMap((one, index) => (one.readiness.isReady() ? [index] : []))
  const waiting = waitForOne(
    pollables.map((one) => one.readiness),
    first.signal,
  )
  return waiting ? waiting.then(readyOnes) : readyOnes()
}
