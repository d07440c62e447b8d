import { WeftError } from '../errors.ts'
import type { WakeAnswer } from './wake.ts'

/** What is not to run is not asked for again so soon. */
const stoppedMs = 1_000

interface Asked {
  readonly answer: Promise<WakeAnswer>
  readonly resolve: (answer: WakeAnswer) => void
}

/**
 * What is known here of targets that nobody serves. Calls to one target share a question; what was said to be
 * stopped is believed for a second.
 */
export class Wakes {
  readonly #ask: (target: string) => void
  readonly #asked = new Map<string, Asked>()
  readonly #stoppedUntil = new Map<string, number>()

  /** `ask` has the controller asked; `answered` brings what it says. */
  constructor(ask: (target: string) => void) {
    this.#ask = ask
  }

  /**
   * Settles when a call to the target may be tried again: it runs, or is being started still after a second. Rejects with `notFound`
   * when it is not to run at all.
   */
  async wait(target: string, notFound: WeftError): Promise<'running' | 'starting'> {
    const answer = await this.#answerFor(target)
    if (answer.state === 'stopped') throw notFound
    if (answer.state === 'failing')
      throw new WeftError('unavailable', `${target} runs nowhere: ${answer.reason}`, { cause: notFound })
    return answer.state
  }

  answered(target: string, answer: WakeAnswer): void {
    const asked = this.#asked.get(target)
    this.#asked.delete(target)
    if (answer.state === 'stopped') this.#remember(target)
    asked?.resolve(answer)
  }

  #answerFor(target: string): Promise<WakeAnswer> {
    if ((this.#stoppedUntil.get(target) ?? 0) > performance.now())
      return Promise.resolve({ state: 'stopped' })
    const known = this.#asked.get(target)
    if (known) return known.answer
    const { promise: answer, resolve } = Promise.withResolvers<WakeAnswer>()
    this.#asked.set(target, { answer, resolve })
    this.#ask(target)
    return answer
  }

  #remember(target: string): void {
    const now = performance.now()
    for (const [known, until] of this.#stoppedUntil) {
      if (until > now) break
      this.#stoppedUntil.delete(known)
    }
    this.#stoppedUntil.delete(target)
    this.#stoppedUntil.set(target, now + stoppedMs)
  }
}
