import type { Json, JsonObject } from './json.ts'

/** A value of the file with the place it stands at, so that every complaint about it can say where. */
export interface Located {
  /** Offset in the text, in UTF-16 units. */
  readonly offset: number
  readonly value: string | number | boolean | null | LocatedList | LocatedMap
}

export type LocatedList = readonly Located[]

/** Fields by name, in the order of the file. */
export type LocatedMap = ReadonlyMap<string, LocatedField>

export interface LocatedField {
  /** Where the name of the field stands. */
  readonly keyOffset: number
  readonly node: Located
}

export function isLocatedMap(value: Located['value']): value is LocatedMap {
  return value instanceof Map
}

export function isLocatedList(value: Located['value']): value is LocatedList {
  return Array.isArray(value)
}

/** A value that was read before, as JSON; it stands nowhere any more. */
export function locatedFromJson(value: Json): Located {
  if (Array.isArray(value)) return { offset: 0, value: value.map(locatedFromJson) }
  if (typeof value !== 'object' || value === null) return { offset: 0, value: value as Located['value'] }
  const fields = Object.entries(value).map(
    ([key, field]) => [key, { keyOffset: 0, node: locatedFromJson(field) }] as const,
  )
  return { offset: 0, value: new Map(fields) }
}

/** The same map without places. */
export function jsonFromMap(map: LocatedMap): JsonObject {
  return Object.fromEntries([...map].map(([key, field]) => [key, jsonFromLocated(field.node)]))
}

function jsonFromLocated({ value }: Located): Json {
  if (isLocatedMap(value)) return jsonFromMap(value)
  return isLocatedList(value) ? value.map(jsonFromLocated) : value
}
