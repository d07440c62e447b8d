import { WeftError } from '../errors.ts'
import { hashOf } from './digest.ts'

/** The custom sections that hold a token; `jwt` is the older name. */
const sectionNames = ['wasmcloud_jwt', 'jwt']
const headerBytes = 8
/** Section ids of what nests: a core module and a component, inside a component. */
const nesting = new Set([1, 4])

/** The token that a component or module carries; undefined when there is none. `ref` is for errors. */
export function embeddedToken(wasm: Uint8Array, ref: string): string | undefined {
  for (const section of sections(wasm, ref)) {
    const name = customName(section)
    if (name && sectionNames.includes(name.text))
      return new TextDecoder().decode(section.content.subarray(name.end))
  }
  return undefined
}

/** The bytes with all tokens taken out, lengths written in the fewest bytes: what a token's hash is made of. */
function withoutTokens(wasm: Uint8Array, ref: string): Uint8Array {
  const isComponent = wasm[6] === 1
  const parts = sections(wasm, ref).flatMap((section) => {
    const name = customName(section)
    if (name && sectionNames.includes(name.text)) return []
    const nests = isComponent && nesting.has(section.id)
    const content = nests ? withoutTokens(section.content, ref) : section.content
    return [Uint8Array.of(section.id), leb(content.length), content]
  })
  return Buffer.concat([wasm.subarray(0, headerBytes), ...parts])
}

/** The hash that a token of this component must name: SHA-256 in upper case hex. */
export function wasmHash(wasm: Uint8Array, ref: string): Promise<string> {
  return hashOf(withoutTokens(wasm, ref))
}

/** The bytes with `jwt` in the place of older tokens. */
export function withToken(wasm: Uint8Array, jwt: string, ref: string): Uint8Array {
  const name = new TextEncoder().encode(sectionNames[0])
  const content = Buffer.concat([leb(name.length), name, new TextEncoder().encode(jwt)])
  return Buffer.concat([withoutTokens(wasm, ref), Uint8Array.of(0), leb(content.length), content])
}

interface Section {
  readonly id: number
  readonly content: Uint8Array
}

function sections(wasm: Uint8Array, ref: string): Section[] {
  const found: Section[] = []
  for (let at = headerBytes; at < wasm.length; ) {
    const size = readLeb(wasm, at + 1)
    const end = size ? size.end + size.value : Number.NaN
    if (!size || !(end <= wasm.length))
      throw new WeftError('invalid', `${ref}: the file is cut or damaged at byte ${at}`)
    found.push({ id: wasm[at] ?? 0, content: wasm.subarray(size.end, end) })
    at = end
  }
  return found
}

function customName({ id, content }: Section): { readonly text: string; readonly end: number } | undefined {
  if (id !== 0) return undefined
  const length = readLeb(content, 0)
  if (!length || length.end + length.value > content.length) return undefined
  const end = length.end + length.value
  return { text: new TextDecoder().decode(content.subarray(length.end, end)), end }
}

function readLeb(
  bytes: Uint8Array,
  start: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0
  for (let at = start; at < start + 5; at += 1) {
    const byte = bytes[at]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * (at - start))
    if (byte < 0x80) return { value, end: at + 1 }
  }
  return undefined
}

function leb(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}
