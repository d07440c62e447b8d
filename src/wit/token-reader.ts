import { WeftError } from '../errors.ts'
import type { WitToken } from './tokens.ts'

/** Walks over tokens; each expectation that is not met is an error with the line and what came instead. */
export class TokenReader {
  readonly #tokens: readonly WitToken[]
  readonly #end: WitToken
  #at = 0

  constructor(tokens: readonly WitToken[]) {
    this.#tokens = tokens
    this.#end = tokens.at(-1) ?? { kind: 'end', text: '', line: 1 }
  }

  peek(ahead = 0): WitToken {
    return this.#tokens[this.#at + ahead] ?? this.#end
  }

  next(): WitToken {
    const token = this.peek()
    this.#at++
    return token
  }

  /** Whether a sign or keyword is next; escaped identifiers are never keywords. */
  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.text === text && (token.kind === 'sign' || token.kind === 'word')
  }

  /** Takes the sign or keyword if it is next. */
  take(text: string): boolean {
    const found = this.is(text)
    if (found) this.#at++
    return found
  }

  expect(text: string): WitToken {
    if (!this.is(text)) throw this.unexpected(`"${text}"`)
    return this.next()
  }

  name(what: string): string {
    const token = this.peek()
    if (token.kind !== 'word' && token.kind !== 'escaped') throw this.unexpected(what)
    this.#at++
    return token.text
  }

  unexpected(what: string): WeftError {
    const { kind, text, line } = this.peek()
    const found = kind === 'end' ? 'the end of the text' : `"${text}"`
    return new WeftError('invalid', `WIT line ${line}: expected ${what}, found ${found}`)
  }
}
