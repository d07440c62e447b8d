import type { Fields } from './fields.ts'
import { nameOf } from './fields.ts'

const sizes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

const times: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** Reads `64MiB` as bytes. Undefined, and reported, when it is none. */
export function readSize(fields: Fields, name: string): number | undefined {
  return readQuantity(fields, name, { units: sizes, expected: 'a size such as 64MiB' })
}

/** Reads `1.5s` as milliseconds. Undefined, and reported, when it is none. */
export function readTime(fields: Fields, name: string): number | undefined {
  return readQuantity(fields, name, { units: times, expected: 'a time such as 30s or 500ms' })
}

function readQuantity(
  fields: Fields,
  name: string,
  { units, expected }: { readonly units: Readonly<Record<string, number>>; readonly expected: string },
): number | undefined {
  const node = fields.get(name)
  if (!node) return undefined
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(String(node.value)) ?? []
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined
  const amount = factor === undefined ? 0 : Math.round(Number(digits) * factor)
  if (amount > 0) return amount
  fields.report.problem(node.offset, `"${name}" is ${nameOf(node)}, expected ${expected}`)
  return undefined
}
