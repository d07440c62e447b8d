import { guestError } from '../../capability/guest-error.ts'
import { WeftError } from '../../errors.ts'
import type { StreamEnd } from './call-blobstore.ts'

/** `wasi:blobstore/container` resource `stream-object-names`: the names in a container, so many at a time. */
export class StreamObjectNames {
  readonly #pages: AsyncIterator<readonly string[]>
  readonly #end: Promise<StreamEnd>
  #names: readonly string[] = []
  #isOver = false

  constructor(pages: AsyncIterable<readonly string[]>, end: Promise<StreamEnd>) {
    this.#pages = pages[Symbol.asyncIterator]()
    this.#end = end
    end.catch(() => {})
  }

  async readStreamObjectNames(length: bigint): Promise<[names: readonly string[], isOver: boolean]> {
    const names: string[] = []
    while (BigInt(names.length) < length) {
      const page = await this.#page()
      if (!page) break
      const taken = page.slice(0, Number(length) - names.length)
      this.#names = page.slice(taken.length)
      for (const name of taken) names.push(name)
    }
    return [names, this.#isOver]
  }

  async skipStreamObjectNames(number: bigint): Promise<[skipped: bigint, isOver: boolean]> {
    let skipped = 0n
    while (skipped < number) {
      const page = await this.#page()
      if (!page) break
      const rest = page.slice(Number(number - skipped))
      skipped += BigInt(page.length - rest.length)
      this.#names = rest
    }
    return [skipped, this.#isOver]
  }

  [Symbol.dispose](): void {
    if (!this.#isOver) this.#pages.return?.().then(undefined, () => {})
  }

  /** Names that wait to be read, at least one; undefined when there are no more. */
  async #page(): Promise<readonly string[] | undefined> {
    if (this.#names.length > 0) return this.#names
    try {
      while (!this.#isOver) {
        const step = await this.#pages.next()
        if (step.done) await this.#finish()
        else if (step.value.length > 0) return step.value
      }
    } catch (error) {
      throw guestError(WeftError.from(error).message)
    }
    return undefined
  }

  async #finish(): Promise<void> {
    this.#isOver = true
    const end = await this.#end
    if (end.tag === 'err') throw new WeftError('unavailable', end.val)
  }
}
