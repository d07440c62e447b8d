import type { WasiContext } from './wasi-context.ts'

/** Something that holds a descriptor of the host. */
export interface Held {
  close(): unknown
}

/**
 * What an instance has open of one kind, files or sockets: each is one of the host's descriptors, so that there is a most
 * of them. All of it is closed when the instance's life ends, whatever the guest does.
 */
export class HeldOpen {
  readonly #held = new Set<Held>()
  readonly #context: Pick<WasiContext, 'signal'>
  readonly #most: number
  #watched: AbortSignal | undefined

  constructor(context: Pick<WasiContext, 'signal'>, most: number) {
    this.#context = context
    this.#most = most
  }

  /** True when one more would be too many; asked before anything is opened. */
  get isFull(): boolean {
    return this.#held.size >= this.#most
  }

  add<T extends Held>(held: T): T {
    const { signal } = this.#context
    if (signal !== this.#watched) {
      this.#watched = signal
      signal.addEventListener('abort', () => this.#closeAll(), { once: true })
    }
    if (signal.aborted) held.close()
    else this.#held.add(held)
    return held
  }

  close(held: Held): void {
    this.#held.delete(held)
    held.close()
  }

  #closeAll(): void {
    for (const held of this.#held) held.close()
    this.#held.clear()
  }
}
