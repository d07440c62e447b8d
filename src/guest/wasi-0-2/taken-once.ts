import { Bell, type Readiness } from './readiness.ts'

/** The `result<T>` of a WASI future: the error case is that it was taken before. */
export type Taken<T> = { readonly tag: 'ok'; readonly val: T } | { readonly tag: 'err' }

/** A promise as WASI sees it: asked whether it is there, and then taken once. Nothing begins before it is asked for. */
export class TakenOnce<T> implements Readiness {
  readonly #bell = new Bell()
  #start: (() => Promise<T>) | undefined
  #settled = false
  #value: { readonly val: T } | undefined

  /** The promise of `start` must not reject: a failure is a value. */
  constructor(start: () => Promise<T>) {
    this.#start = start
  }

  isReady(): boolean {
    if (this.#start) {
      const start = this.#start
      this.#start = undefined
      void start().then((val) => this.#settle(val))
    }
    return this.#settled
  }

  onChange(wake: () => void): () => void {
    return this.#bell.onChange(wake)
  }

  take(): Taken<T> | undefined {
    if (!this.isReady()) return undefined
    const value = this.#value
    this.#value = undefined
    return value ? { tag: 'ok', val: value.val } : { tag: 'err' }
  }

  #settle(val: T): void {
    this.#value = { val }
    this.#settled = true
    this.#bell.ring()
  }
}
