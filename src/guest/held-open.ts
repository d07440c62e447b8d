import type { WasiContext } from './wasi-context.ts'

/** Something that holds a descriptor of the host. */
export interface Held {
  close(): unknown
}

/** Files and sockets that all instances of one component on one thread may have open together. */
const mostOfComponent = 2048

/** How many descriptors of the host the instances of one component hold on one thread. */
export class Descriptors {
  open = 0

  get areUsedUp(): boolean {
    return this.open >= mostOfComponent
  }
}

/**
 * What an instance has open of one kind, files or sockets: each is one of the host's descriptors, so that there is a most
 * of them, and one of all instances together. All of it is closed when the instance's life ends, whatever the guest does.
 */
export class HeldOpen {
  readonly #held = new Set<Held>()
  readonly #context: Pick<WasiContext, 'signal' | 'descriptors'>
  readonly #most: number
  #watched: AbortSignal | undefined

  constructor(context: Pick<WasiContext, 'signal' | 'descriptors'>, most: number) {
    this.#context = context
    this.#most = most
  }

  /** True when one more would be too many; asked before anything is opened. */
  get isFull(): boolean {
    return this.#held.size >= this.#most || this.#context.descriptors.areUsedUp
  }

  add<T extends Held>(held: T): T {
    const { signal, descriptors } = this.#context
    if (signal.aborted) {
      held.close()
      return held
    }
    if (signal !== this.#watched) {
      this.#watched = signal
      signal.addEventListener('abort', () => this.#closeAll(), { once: true })
    }
    this.#held.add(held)
    descriptors.open++
    return held
  }

  close(held: Held): void {
    if (this.#held.delete(held)) this.#context.descriptors.open--
    held.close()
  }

  #closeAll(): void {
    for (const held of this.#held) this.close(held)
  }
}
