import { FileError } from '../volume/file-error.ts'
import type { WasiContext } from '../wasi-context.ts'

/** Files, directories and streams of files that one instance may have open: each is one of the host's descriptors. */
const mostOpen = 256

/** Something that holds a descriptor of the host. */
interface Held {
  close(): void
}

/** What an instance has open. All of it is closed when its life ends, whatever the guest does. */
export class GuestFiles {
  readonly #held = new Set<Held>()
  readonly #context: Pick<WasiContext, 'signal'>
  #watched: AbortSignal | undefined

  constructor(context: Pick<WasiContext, 'signal'>) {
    this.#context = context
  }

  /** Refuses one too many; asked before anything is opened. */
  requireRoom(): void {
    if (this.#held.size >= mostOpen) throw new FileError('insufficient-memory')
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
