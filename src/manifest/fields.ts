import { isLocatedList, isLocatedMap, type Located, type LocatedField } from './located.ts'
import { didYouMean, nearestName } from './nearest-name.ts'
import type { Report } from './report.ts'

/** How to open a map: what it is called in complaints, which fields it may have, and what happens to others. */
export interface FieldsOptions {
  /** `a link`, `the manifest`: goes into messages. */
  readonly what: string
  readonly known: readonly string[]
  /** wadm refuses unknown fields in some places and ignores them in others; so do we, but never silently. */
  readonly others: 'refused' | 'ignored'
}

/** The fields of one map, opened once; each `read…` reports what is wrong and gives undefined then. */
export class Fields {
  readonly offset: number
  readonly report: Report
  #what: string
  #fields: ReadonlyMap<string, LocatedField>
  #misspelt = new Set<string>()

  /** Undefined, and reported, when `node` is not a map. */
  static open(report: Report, node: Located, options: FieldsOptions): Fields | undefined {
    if (isLocatedMap(node.value)) return new Fields(report, node.offset, node.value, options)
    report.problem(
      node.offset,
      `${options.what} is ${nameOf(node)}, expected fields such as "${options.known[0]}:"`,
    )
    return undefined
  }

  private constructor(
    report: Report,
    offset: number,
    fields: ReadonlyMap<string, LocatedField>,
    { what, known, others }: FieldsOptions,
  ) {
    this.report = report
    this.offset = offset
    this.#what = what
    this.#fields = fields
    for (const [name, { keyOffset }] of fields) {
      if (known.includes(name)) continue
      const nearest = nearestName(name, known)
      if (nearest !== undefined && others === 'refused') this.#misspelt.add(nearest)
      const hint = didYouMean(name, known) || `, expected one of ${known.join(', ')}`
      if (others === 'refused') report.problem(keyOffset, `${what} has no field "${name}"${hint}`)
      else report.warning(keyOffset, `${what} has no field "${name}", it is ignored${hint}`)
    }
  }

  /** Whether the field stands there and is not empty (`labels:` with nothing behind it is as if left out). */
  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  get(name: string): Located | undefined {
    const node = this.#fields.get(name)?.node
    return node === undefined || node.value === null ? undefined : node
  }

  /** True when the name itself stands there, even with nothing behind it. */
  names(name: string): boolean {
    return this.#fields.has(name)
  }

  /** Reports the missing field, unless a misspelt one was most likely meant to be it. */
  missing(name: string, expected: string): undefined {
    if (!this.#misspelt.has(name))
      this.report.problem(this.offset, `${this.#what} has no "${name}", expected ${expected}`)
    return undefined
  }

  text(name: string): string | undefined {
    const node = this.get(name)
    return node && readString(this.report, node, `"${name}" of ${this.#what}`)
  }

  requiredText(name: string, example: string): string | undefined {
    if (!this.has(name)) return this.missing(name, `text such as ${example}`)
    const text = this.text(name)
    if (text === '')
      this.report.problem(this.get(name)?.offset ?? this.offset, `"${name}" of ${this.#what} is empty`)
    return text === '' ? undefined : text
  }

  /** A whole number that is not negative. */
  count(name: string): number | undefined {
    const node = this.get(name)
    if (node === undefined) return undefined
    const { value } = node
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
    this.report.problem(
      node.offset,
      `"${name}" of ${this.#what} is ${nameOf(node)}, expected a whole number from 0 on`,
    )
    return undefined
  }

  /** A whole number above 0. */
  positiveCount(name: string): number | undefined {
    const count = this.count(name)
    if (count !== 0) return count
    const offset = this.get(name)?.offset ?? this.offset
    this.report.problem(offset, `"${name}" of ${this.#what} is 0, expected 1 or more`)
    return undefined
  }

  list(name: string): readonly Located[] {
    const node = this.get(name)
    if (node === undefined) return []
    if (isLocatedList(node.value)) return node.value
    this.report.problem(
      node.offset,
      `"${name}" of ${this.#what} is ${nameOf(node)}, expected a list ("- …" lines)`,
    )
    return []
  }

  /** Names and texts, such as labels. */
  texts(name: string): Record<string, string> {
    return Object.fromEntries(this.textFields(name).map(({ key, text }) => [key, text]))
  }

  textFields(name: string): { readonly key: string; readonly text: string; readonly keyOffset: number }[] {
    const node = this.get(name)
    if (node === undefined) return []
    const { value } = node
    if (!isLocatedMap(value)) {
      this.report.problem(
        node.offset,
        `"${name}" of ${this.#what} is ${nameOf(node)}, expected "name: value" lines`,
      )
      return []
    }
    return [...value].flatMap(([key, field]) => {
      const text = readString(this.report, field.node, `"${key}" in "${name}" of ${this.#what}`)
      return text === undefined ? [] : [{ key, text, keyOffset: field.keyOffset }]
    })
  }
}

/** Text, or a complaint that shows how to make text of a bare number or boolean. */
export function readString(report: Report, node: Located, what: string): string | undefined {
  const { value } = node
  if (typeof value === 'string') return value
  const bare = typeof value === 'number' || typeof value === 'boolean'
  report.problem(
    node.offset,
    `${what} is ${nameOf(node)}, expected text${bare ? `: put it in quotes, "${value}"` : ''}`,
  )
  return undefined
}

/** What a person would call the value: `the number 3`, `a list`. */
export function nameOf({ value }: Located): string {
  if (value === null) return 'empty'
  if (typeof value === 'string')
    return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return `the boolean ${value}`
  return isLocatedList(value) ? 'a list' : 'a map of fields'
}
