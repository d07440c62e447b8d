import { WeftError } from '../errors.ts'
import { camelCase } from './names.ts'
import type { WitType } from './type.ts'

type JsonObject = Readonly<Record<string, unknown>>

/**
 * A JSON value as a value of a WIT type. Records and flags take their names as WIT or JavaScript spells them; bytes are
 * `"base64:…"` or a list of numbers; 64-bit integers may be text; an option is `null` or the value; a variant is its
 * name, or `{"name": payload}`; a result is `{"ok": …}` or `{"err": …}`. Throws `invalid` with the path of what does not
 * fit and what was expected.
 */
export function valueFromJson(type: WitType, json: unknown, path: string): unknown {
  switch (type.kind) {
    case 'bool':
      return typeof json === 'boolean' ? json : refuse(path, 'true or false', json)
    case 'string':
      return typeof json === 'string' ? json : refuse(path, 'a string', json)
    case 'char':
      return typeof json === 'string' && [...json].length === 1 ? json : refuse(path, 'one character', json)
    case 'f32':
    case 'f64':
      return typeof json === 'number' ? json : refuse(path, 'a number', json)
    case 'u64':
    case 's64':
      return bigintFrom(type.kind, json, path)
    case 'u8':
    case 'u16':
    case 'u32':
    case 's8':
    case 's16':
    case 's32':
      return integerFrom(type.kind, json, path)
    case 'list':
      return listFrom(type.element, json, path)
    case 'tuple': {
      const items = Array.isArray(json) && json.length === type.elements.length ? json : undefined
      if (!items) return refuse(path, `a list of ${type.elements.length}`, json)
      return type.elements.map((element, index) => valueFromJson(element, items[index], `${path}[${index}]`))
    }
    case 'option':
      return optionFrom(type.element, json, path)
    case 'record': {
      const given = objectFrom(json, path, 'an object')
      const known = type.fields.flatMap(({ name }) => [name, camelCase(name)])
      const extra = Object.keys(given).find((key) => !known.includes(key))
      if (extra !== undefined)
        throw new WeftError(
          'invalid',
          `${path} has no field ${JSON.stringify(extra)}, expected ${type.fields.map(({ name }) => name).join(', ')}`,
        )
      return Object.fromEntries(
        type.fields.map(({ name, type: field }) => {
          const value = Object.hasOwn(given, name) ? given[name] : given[camelCase(name)]
          return [camelCase(name), valueFromJson(field, value ?? null, `${path}.${name}`)]
        }),
      )
    }
    case 'flags': {
      const on = Array.isArray(json)
        ? json
        : Object.entries(objectFrom(json, path, 'a list of names')).flatMap(([key, isOn]) =>
            isOn ? [key] : [],
          )
      const wrong = on.find(
        (name) => !type.names.some((known) => known === name || camelCase(known) === name),
      )
      if (wrong !== undefined) return refuse(path, `some of ${type.names.join(', ')}`, wrong)
      return Object.fromEntries(
        type.names.map((name) => [camelCase(name), on.includes(name) || on.includes(camelCase(name))]),
      )
    }
    case 'enum':
      return typeof json === 'string' && type.names.includes(json)
        ? json
        : refuse(path, `one of ${type.names.join(', ')}`, json)
    case 'variant':
      return caseFrom(type.cases, json, path)
    case 'result':
      return caseFrom(
        [
          { name: 'ok', ...(type.ok && { type: type.ok }) },
          { name: 'err', ...(type.err && { type: type.err }) },
        ],
        json,
        path,
      )
    default:
      throw new WeftError('invalid', `${path}: a ${type.kind} can't be given as JSON`)
  }
}

function caseFrom(
  cases: readonly { readonly name: string; readonly type?: WitType }[],
  json: unknown,
  path: string,
): unknown {
  const names = cases.map(({ name }) => name).join(', ')
  const [tag, payload] =
    typeof json === 'string'
      ? [json, undefined]
      : (Object.entries(objectFrom(json, path, `one of ${names}`))[0] ?? [])
  const found = cases.find(({ name }) => name === tag)
  if (!found) return refuse(path, `one of ${names}`, json)
  return found.type ? { tag, val: valueFromJson(found.type, payload ?? null, `${path}.${tag}`) } : { tag }
}

function optionFrom(element: WitType, json: unknown, path: string): unknown {
  const isNested = element.kind === 'option'
  if (json === null || json === undefined) return isNested ? { tag: 'none' } : undefined
  const value = valueFromJson(element, json, path)
  return isNested ? { tag: 'some', val: value } : value
}

function listFrom(element: WitType, json: unknown, path: string): unknown {
  if (element.kind === 'u8' && typeof json === 'string' && json.startsWith('base64:'))
    return new Uint8Array(Buffer.from(json.slice(7), 'base64'))
  if (!Array.isArray(json))
    return refuse(path, element.kind === 'u8' ? 'a list of numbers or "base64:…"' : 'a list', json)
  const items = json.map((item, index) => valueFromJson(element, item, `${path}[${index}]`))
  return element.kind === 'u8' ? Uint8Array.from(items as number[]) : items
}

const widths = { u8: 8, u16: 16, u32: 32, s8: 8, s16: 16, s32: 32 } as const

function integerFrom(kind: keyof typeof widths, json: unknown, path: string): number {
  const width = widths[kind]
  const [least, most] = kind.startsWith('u')
    ? [0, 2 ** width - 1]
    : [-(2 ** (width - 1)), 2 ** (width - 1) - 1]
  if (typeof json === 'number' && Number.isInteger(json) && json >= least && json <= most) return json
  return refuse(path, `a whole number from ${least} to ${most}`, json)
}

function bigintFrom(kind: 'u64' | 's64', json: unknown, path: string): bigint {
  const isWhole =
    (typeof json === 'number' && Number.isSafeInteger(json)) ||
    (typeof json === 'string' && /^-?\d+$/.test(json))
  const value = isWhole ? BigInt(json as number | string) : undefined
  const fits =
    value !== undefined && (kind === 'u64' ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value)) === value
  return fits ? value : refuse(path, `a whole number of 64 bits${kind === 'u64' ? ' from 0 on' : ''}`, json)
}

function objectFrom(json: unknown, path: string, expected: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject
  return refuse(path, expected, json)
}

function refuse(path: string, expected: string, json: unknown): never {
  const text = JSON.stringify(json) ?? 'nothing'
  throw new WeftError(
    'invalid',
    `${path}: expected ${expected}, got ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`,
  )
}
