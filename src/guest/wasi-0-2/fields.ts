import { GuestError } from '../../capability/guest-error.ts'
import type { HttpFields } from '../../capability/http.ts'

type Entry = readonly [name: string, value: Uint8Array]

// RFC 9110 §5.1: a field name is a token.
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Names that belong to the connection: the host sets them, a guest neither sends nor sees them. */
const forbiddenNames = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const none: HttpFields = []

/** `wasi:http/types` resource `fields`: headers or trailers in order, names compared without case and kept as given. */
export class Fields {
  #entries: readonly Entry[] = []
  #immutable = false

  static fromList(entries: readonly Entry[]): Fields {
    for (const [name, value] of entries) checkEntry(name, [value])
    const fields = new Fields()
    fields.#entries = entries
    return fields
  }

  /** What came in with a request or response; immutable, and without the names a guest may not see. */
  static received(list: HttpFields): Fields {
    const fields = new Fields()
    fields.#entries = list
      .filter(([name]) => !forbiddenNames.has(name.toLowerCase()))
      .flatMap(([name, values]) => values.map((value): Entry => [name, value]))
    fields.#immutable = true
    return fields
  }

  /** What goes out: all values of a name together, names in the order of their first value. */
  static sent(fields: Fields): HttpFields {
    if (fields.#entries.length === 0) return none
    const grouped = new Map<string, [string, Uint8Array[]]>()
    for (const [name, value] of fields.#entries) {
      const group = grouped.get(name.toLowerCase())
      if (group) group[1].push(value)
      else grouped.set(name.toLowerCase(), [name, [value]])
    }
    return [...grouped.values()]
  }

  /** The same entries as a child that can't be changed: what a message's `headers` gives. */
  static frozen(fields: Fields): Fields {
    const view = fields.clone()
    view.#immutable = true
    return view
  }

  get(name: string): Uint8Array[] {
    return this.#entries.flatMap(([each, value]) => (sameName(each, name) ? [value] : []))
  }

  has(name: string): boolean {
    return this.#entries.some(([each]) => sameName(each, name))
  }

  set(name: string, values: readonly Uint8Array[]): void {
    checkEntry(name, values)
    const added = values.map((value): Entry => [name, value])
    this.#replace([...this.#without(name), ...added])
  }

  delete(name: string): void {
    checkEntry(name, [])
    this.#replace(this.#without(name))
  }

  append(name: string, value: Uint8Array): void {
    checkEntry(name, [value])
    this.#replace([...this.#entries, [name, value]])
  }

  entries(): readonly Entry[] {
    return this.#entries
  }

  clone(): Fields {
    const copy = new Fields()
    copy.#entries = this.#entries
    return copy
  }

  #without(name: string): readonly Entry[] {
    return this.#entries.filter(([each]) => !sameName(each, name))
  }

  #replace(entries: readonly Entry[]): void {
    if (this.#immutable) throw new GuestError({ tag: 'immutable' })
    this.#entries = entries
  }
}

/** True when `text` may stand as a header name or a method. */
export function isToken(text: string): boolean {
  return token.test(text)
}

function checkEntry(name: string, values: readonly Uint8Array[]): void {
  if (!isToken(name) || values.some((value) => value.some(isControl)))
    throw new GuestError({ tag: 'invalid-syntax' })
  if (forbiddenNames.has(name.toLowerCase())) throw new GuestError({ tag: 'forbidden' })
}

// RFC 9110 §5.5: no control characters but tab.
function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 0x09) || byte === 0x7f
}

function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase()
}
