import type { JsonObject } from './json.ts'

/** A map of fields; `closed` refuses others, as the reader of the same map does. */
export function fieldsSchema(
  description: string,
  parts: {
    readonly required?: readonly string[]
    readonly fields: Readonly<Record<string, JsonObject>>
    readonly others: 'refused' | 'ignored'
  },
): JsonObject {
  const { required = [], fields, others } = parts
  return {
    description,
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: fields,
    ...(others === 'refused' && { additionalProperties: false }),
  }
}

export function textSchema(description: string, more: JsonObject = {}): JsonObject {
  return { description, type: 'string', ...more }
}

/** Text that must say something. */
export function nameSchema(description: string, more: JsonObject = {}): JsonObject {
  return textSchema(description, { minLength: 1, ...more })
}

export function countSchema(description: string, more: JsonObject = {}): JsonObject {
  return { description, type: 'integer', minimum: 0, ...more }
}

/** Names and texts; null is as if left out. */
export function textsSchema(description: string, more: JsonObject = {}): JsonObject {
  return { description, type: ['object', 'null'], additionalProperties: { type: 'string' }, ...more }
}

export function listSchema(description: string, items: JsonObject, more: JsonObject = {}): JsonObject {
  return { description, type: ['array', 'null'], items, ...more }
}

/** A part that stands under `definitions`. */
export function refer(name: string): JsonObject {
  return { $ref: `#/definitions/${name}` }
}
