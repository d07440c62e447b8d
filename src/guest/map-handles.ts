import { camelCase } from '../wit/names.ts'
import type { WitType } from '../wit/type.ts'

type MapHandle = (resource: string, value: unknown) => unknown

/** A value with every resource handle in it replaced by what `map` makes of it. */
export function mapHandles(type: WitType, value: unknown, map: MapHandle): unknown {
  if (!holdsHandles(type)) return value
  switch (type.kind) {
    case 'own':
    case 'borrow':
      return map(type.resource, value)
    case 'list':
      return Array.from(value as Iterable<unknown>, (item) => mapHandles(type.element, item, map))
    case 'tuple':
      return type.elements.map((element, index) =>
        mapHandles(element, (value as readonly unknown[])[index], map),
      )
    case 'option':
      if (type.element.kind === 'option') return mapCase(type.element, value, map)
      return value === undefined ? undefined : mapHandles(type.element, value, map)
    case 'record':
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => [
          camelCase(name),
          mapHandles(field, (value as Readonly<Record<string, unknown>>)[camelCase(name)], map),
        ]),
      )
    case 'variant':
      return mapCase(type.cases.find(({ name }) => name === tagOf(value))?.type, value, map)
    case 'result':
      return mapCase(tagOf(value) === 'ok' ? type.ok : type.err, value, map)
    default:
      return value
  }
}

function mapCase(type: WitType | undefined, value: unknown, map: MapHandle): unknown {
  const { tag, val } = value as { readonly tag: string; readonly val?: unknown }
  return type && tag !== 'none' ? { tag, val: mapHandles(type, val, map) } : value
}

function tagOf(value: unknown): string {
  return (value as { readonly tag: string }).tag
}

const known = new WeakMap<WitType, boolean>()

/** Whether values of the type can hold resource handles. */
export function holdsHandles(type: WitType): boolean {
  const before = known.get(type)
  if (before !== undefined) return before
  const holds = partsOf(type).some(holdsHandles) || type.kind === 'own' || type.kind === 'borrow'
  known.set(type, holds)
  return holds
}

function partsOf(type: WitType): WitType[] {
  switch (type.kind) {
    case 'list':
    case 'option':
      return [type.element]
    case 'tuple':
      return [...type.elements]
    case 'record':
      return type.fields.map((field) => field.type)
    case 'variant':
      return type.cases.flatMap((one) => one.type ?? [])
    case 'result':
      return [type.ok ?? [], type.err ?? []].flat()
    default:
      return []
  }
}
