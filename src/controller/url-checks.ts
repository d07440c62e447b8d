import { setTimeout as delay } from 'node:timers/promises'

/** How long an answer may take, and how often and how soon one is asked again that did not come well. */
const answerMs = 5_000
const tries = 3
const againMs = 1_000

/** Asks URLs whether they are well, once for each occasion, and remembers what they said. */
export class UrlChecks {
  readonly #answers = new Map<string, string | undefined>()
  readonly #onAnswer: () => void
  readonly #stop = new AbortController()

  constructor(onAnswer: () => void) {
    this.#onAnswer = onAnswer
  }

  /** '' when it answered with 2xx since `since`, else what was wrong; undefined while that is not known. */
  answer(url: string, since: number): string | undefined {
    return this.#answers.get(keyOf(url, since))
  }

  /** Asks, unless that was asked for already. */
  ask(url: string, since: number): void {
    const key = keyOf(url, since)
    if (this.#answers.has(key)) return
    this.#answers.set(key, undefined)
    void this.#ask(url).then((answer) => {
      this.#answers.set(key, answer)
      this.#onAnswer()
    })
  }

  /** Forgets what nobody asks about any more. */
  keepOnly(wanted: readonly { readonly url: string; readonly since: number }[]): void {
    const keys = new Set(wanted.map(({ url, since }) => keyOf(url, since)))
    for (const key of [...this.#answers.keys()]) if (!keys.has(key)) this.#answers.delete(key)
  }

  stop(): void {
    this.#stop.abort()
  }

  async #ask(url: string): Promise<string> {
    const { signal } = this.#stop
    let complaint = ''
    for (let at = 0; at < tries && !signal.aborted; at++) {
      if (at > 0) await delay(againMs, undefined, { signal }).catch(() => {})
      complaint = await askOnce(url, signal)
      if (complaint === '') return ''
    }
    return complaint
  }
}

function keyOf(url: string, since: number): string {
  return `${since} ${url}`
}

async function askOnce(url: string, signal: AbortSignal): Promise<string> {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerMs)])
    const answer = await fetch(url, { signal: limit, redirect: 'manual' })
    await answer.body?.cancel()
    return answer.ok ? '' : `the check ${url} answered ${answer.status}`
  } catch (error) {
    const { message, cause } = error as Error
    return `the check ${url} got no answer: ${cause instanceof Error ? cause.message : message}`
  }
}
