import { guestError } from '../../capability/guest-error.ts'
import type { HttpFields } from '../../capability/http.ts'

// RFC 9110 §5.1 and §5.5: a name is a token, a value has no control characters but tab.
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const isForbiddenByte = (byte: number) => (byte < 0x20 && byte !== 0x09) || byte === 0x7f

/** Connection-level headers that a guest may not set: the host's HTTP server owns them. */
const forbidden = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'host',
  'http2-settings',
])

const none: HttpFields = []

/** `wasi:http/types@0.3.0` resource `fields`: an ordered list of headers, names compared without case. */
export class Fields {
  #entries: [string, Uint8Array][] = []
  #immutable = false

  static fromList(entries: readonly (readonly [string, Uint8Array])[]): Fields {
    const fields = new Fields()
    for (const [name, value] of entries) fields.append(name, value)
    return fields
  }

  /** From the lattice's shape; nothing is refused, as the headers have come in already. Immutable. */
  static received(list: HttpFields): Fields {
    const fields = new Fields()
    fields.#entries = list.flatMap(([name, values]) =>
      values.map((value): [string, Uint8Array] => [name, value]),
    )
    return fields.freeze()
  }

  /** Into the lattice's shape: values of one name together, in order of first appearance. */
  static sent(fields: Fields): HttpFields {
    if (fields.#entries.length === 0) return none
    const grouped = new Map<string, [string, Uint8Array[]]>()
    for (const [name, value] of fields.#entries) {
      const key = name.toLowerCase()
      const group = grouped.get(key)
      if (group) group[1].push(value)
      else grouped.set(key, [name, [value]])
    }
    return [...grouped.values()]
  }

  get(name: string): Uint8Array[] {
    const key = name.toLowerCase()
    return this.#entries.filter(([each]) => each.toLowerCase() === key).map(([, value]) => value)
  }

  has(name: string): boolean {
    const key = name.toLowerCase()
    return this.#entries.some(([each]) => each.toLowerCase() === key)
  }

  set(name: string, values: readonly Uint8Array[]): void {
    this.#check(name, values)
    this.#remove(name)
    for (const value of values) this.#entries.push([name, value])
  }

  delete(name: string): void {
    this.#check(name, [])
    this.#remove(name)
  }

  getAndDelete(name: string): Uint8Array[] {
    const values = this.get(name)
    this.delete(name)
    return values
  }

  append(name: string, value: Uint8Array): void {
    this.#check(name, [value])
    this.#entries.push([name, value])
  }

  copyAll(): [string, Uint8Array][] {
    return this.#entries.map(([name, value]) => [name, value])
  }

  clone(): Fields {
    const copy = new Fields()
    copy.#entries = this.copyAll()
    return copy
  }

  /** Headers of a request or response that exists can't be changed. */
  freeze(): this {
    this.#immutable = true
    return this
  }

  #check(name: string, values: readonly Uint8Array[]): void {
    if (this.#immutable) throw guestError({ tag: 'immutable' })
    if (!token.test(name) || values.some((value) => value.some(isForbiddenByte)))
      throw guestError({ tag: 'invalid-syntax' })
    if (forbidden.has(name.toLowerCase())) throw guestError({ tag: 'forbidden' })
  }

  #remove(name: string): void {
    const key = name.toLowerCase()
    this.#entries = this.#entries.filter(([each]) => each.toLowerCase() !== key)
  }
}
