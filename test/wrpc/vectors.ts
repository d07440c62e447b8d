import { readFileSync } from 'node:fs'
import { parseWitInterfaces } from '../../src/wit/parse.ts'
import type { WitType } from '../../src/wit/type.ts'

/** One conformance vector: a value of a WIT type and its bytes, as real wRPC peers write them. */
export interface Vector {
  readonly type: string
  readonly value: unknown
  readonly hex: string
  /** For streams and futures: what follows on the paths below the value. */
  readonly deferred?: Readonly<Record<string, string>>
}

export const vectors: readonly Vector[] = JSON.parse(
  readFileSync(new URL('vectors.json', import.meta.url), 'utf8'),
)

/** The type that is written in a vector; `foo` is a resource. */
export function typeOf(text: string): WitType {
  const [found] = parseWitInterfaces(`interface v { resource foo; f: func() -> ${text}; }`)
  const type = found?.functions[0]?.result
  if (type === undefined) throw new Error(`no type in ${text}`)
  return type
}

/** A vector's JSON value as the value that Weft uses for it. */
export function valueFrom(type: WitType, json: unknown): unknown {
  switch (type.kind) {
    case 'u64':
    case 's64':
      return BigInt(json as string)
    case 'f32':
    case 'f64':
      return json === '-0' ? -0 : Number(json)
    case 'own':
    case 'borrow':
      return Uint8Array.from(json as number[])
    case 'list':
      return type.element.kind === 'u8'
        ? Uint8Array.from(json as number[])
        : (json as unknown[]).map((item) => valueFrom(type.element, item))
    case 'tuple':
      return type.elements.map((element, index) => valueFrom(element, (json as unknown[])[index]))
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [
          name,
          valueFrom(field, (json as Record<string, unknown>)[name]),
        ]),
      )
    case 'option':
      return json === null ? undefined : valueFrom(type.element, json)
    case 'result': {
      const [tag = '', val] = Object.entries(json as object)[0] ?? []
      const payload = tag === 'ok' ? type.ok : type.err
      return { tag, val: payload && valueFrom(payload, val) }
    }
    case 'variant': {
      const [tag = '', val] = Object.entries(json as object)[0] ?? []
      const payload = type.cases.find(({ name }) => name === tag)?.type
      return payload === undefined ? { tag } : { tag, val: valueFrom(payload, val) }
    }
    case 'flags':
      return Object.fromEntries(type.names.map((name) => [name, (json as string[]).includes(name)]))
    case 'future':
      return Promise.resolve(type.element && valueFrom(type.element, (json as { pending: unknown }).pending))
    case 'stream': {
      const { element } = type
      const chunks = (json as { chunks: unknown[][] }).chunks
      return streamOf(chunks.map((chunk) => element && valueFrom({ kind: 'list', element }, chunk)))
    }
    default:
      return json
  }
}

async function* streamOf(chunks: readonly unknown[]): AsyncGenerator<unknown> {
  yield* chunks
}

/** A value with its streams and futures waited for, so that it can be compared; streams as their elements. */
export async function settled(value: unknown): Promise<unknown> {
  if (value instanceof Promise) return { pending: await settled(await value) }
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Symbol.asyncIterator in value) {
    const elements: unknown[] = []
    for await (const chunk of value as AsyncIterable<Iterable<unknown>>) {
      for (const element of chunk) elements.push(await settled(element))
    }
    return { elements }
  }
  if (Array.isArray(value)) return Promise.all(value.map(settled))
  const pairs = await Promise.all(
    Object.entries(value).map(async ([key, inner]) => [key, await settled(inner)] as const),
  )
  return Object.fromEntries(pairs)
}
