import { camelCase } from './names.ts'
import type { WitType } from './type.ts'

/** A value of a WIT type as JSON, as `valueFromJson` reads it. */
export function jsonFromValue(type: WitType, value: unknown): unknown {
  switch (type.kind) {
    case 'u64':
    case 's64':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
    case 'list':
      if (value instanceof Uint8Array) return `base64:${Buffer.from(value).toString('base64')}`
      return Array.from(value as Iterable<unknown>, (item) => jsonFromValue(type.element, item))
    case 'tuple':
      return type.elements.map((element, index) =>
        jsonFromValue(element, (value as readonly unknown[])[index]),
      )
    case 'option':
      if (type.element.kind === 'option') {
        const { tag, val } = value as { readonly tag: string; readonly val?: unknown }
        return tag === 'none' ? null : jsonFromValue(type.element, val)
      }
      return value === undefined ? null : jsonFromValue(type.element, value)
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [
          name,
          jsonFromValue(field, (value as Readonly<Record<string, unknown>>)[camelCase(name)]),
        ]),
      )
    case 'flags':
      return type.names.filter((name) => (value as Readonly<Record<string, boolean>>)[camelCase(name)])
    case 'variant':
      return jsonFromCase(type.cases, value)
    case 'result':
      return jsonFromCase(
        [
          { name: 'ok', ...(type.ok && { type: type.ok }) },
          { name: 'err', ...(type.err && { type: type.err }) },
        ],
        value,
      )
    default:
      return value ?? null
  }
}

function jsonFromCase(
  cases: readonly { readonly name: string; readonly type?: WitType }[],
  value: unknown,
): unknown {
  const { tag, val } = value as { readonly tag: string; readonly val?: unknown }
  const type = cases.find(({ name }) => name === tag)?.type
  return type ? { [tag]: jsonFromValue(type, val) } : tag
}
