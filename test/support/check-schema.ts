type Schema = Readonly<Record<string, unknown>>

/** What a JSON value breaks of a JSON Schema: the keywords that Weft's schema uses, and an error for any other. */
export function checkSchema(root: Schema, value: unknown): string[] {
  const check = (schema: Schema, found: unknown, path: string): string[] => {
    const told = Object.entries(schema).flatMap(([keyword, expected]): string[] => {
      const rule = rules[keyword]
      if (!rule) throw new Error(`the keyword ${keyword} is not known here`)
      return rule(expected as never, found, { schema, path, check, root })
    })
    return told
  }
  return check(root, value, '')
}

interface Place {
  readonly schema: Schema
  readonly path: string
  readonly root: Schema
  readonly check: (schema: Schema, value: unknown, path: string) => string[]
}
type Rule = (expected: never, found: unknown, place: Place) => string[]

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
const isOfType = (value: unknown, type: string) =>
  type === 'integer' ? Number.isInteger(value) : typeOf(value) === type
const unless = (good: boolean, message: string) => (good ? [] : [message])
const ignored: Rule = () => []

const rules: Readonly<Record<string, Rule>> = {
  $schema: ignored,
  title: ignored,
  description: ignored,
  default: ignored,
  examples: ignored,
  deprecated: ignored,
  definitions: ignored,
  $ref: (ref: string, found, { root, path, check }) => {
    const [, , name = ''] = ref.split('/')
    const schema = (root['definitions'] as Record<string, Schema>)[name]
    if (!schema) throw new Error(`${ref} points to nothing`)
    return check(schema, found, path)
  },
  type: (types: string | string[], found, { path }) =>
    unless(
      [types].flat().some((type) => isOfType(found, type)),
      `${path}: is ${typeOf(found)}, expected ${types}`,
    ),
  const: (value: unknown, found, { path }) => unless(value === found, `${path}: expected ${value}`),
  enum: (values: unknown[], found, { path }) =>
    unless(values.includes(found), `${path}: expected one of ${values}`),
  pattern: (pattern: string, found, { path }) =>
    unless(
      typeof found !== 'string' || new RegExp(pattern).test(found),
      `${path}: does not match ${pattern}`,
    ),
  minLength: (least: number, found, { path }) =>
    unless(typeof found !== 'string' || found.length >= least, `${path}: is empty`),
  minimum: (least: number, found, { path }) =>
    unless(typeof found !== 'number' || found >= least, `${path}: less than ${least}`),
  maximum: (most: number, found, { path }) =>
    unless(typeof found !== 'number' || found <= most, `${path}: more than ${most}`),
  minItems: (least: number, found, { path }) =>
    unless(!Array.isArray(found) || found.length >= least, `${path}: fewer than ${least}`),
  items: (schema: Schema, found, { path, check }) =>
    Array.isArray(found) ? found.flatMap((item, at) => check(schema, item, `${path}/${at}`)) : [],
  required: (names: string[], found, { path }) =>
    isMap(found) ? names.filter((name) => !(name in found)).map((name) => `${path}: lacks ${name}`) : [],
  properties: (schemas: Record<string, Schema>, found, { path, check }) =>
    isMap(found)
      ? Object.entries(schemas).flatMap(([name, schema]) =>
          name in found ? check(schema, found[name], `${path}/${name}`) : [],
        )
      : [],
  additionalProperties: (allowed: boolean | Schema, found, { schema, path, check }) => {
    if (!isMap(found)) return []
    const others = Object.keys(found).filter(
      (name) => !Object.hasOwn((schema['properties'] as object) ?? {}, name),
    )
    return typeof allowed === 'boolean'
      ? others.map((name) => `${path}: has no field ${name}`).filter(() => !allowed)
      : others.flatMap((name) => check(allowed, found[name], `${path}/${name}`))
  },
  propertyNames: (schema: Schema, found, { path, check }) =>
    isMap(found) ? Object.keys(found).flatMap((name) => check(schema, name, `${path}/${name}`)) : [],
  not: (schema: Schema, found, { path, check }) =>
    unless(check(schema, found, path).length > 0, `${path}: is what it may not be`),
  allOf: (schemas: Schema[], found, { path, check }) =>
    schemas.flatMap((schema) => check(schema, found, path)),
  anyOf: (schemas: Schema[], found, { path, check }) => {
    const all = schemas.map((schema) => check(schema, found, path))
    return all.some((told) => told.length === 0) ? [] : all.flat()
  },
  oneOf: (schemas: Schema[], found, { path, check }) =>
    unless(
      schemas.filter((schema) => check(schema, found, path).length === 0).length === 1,
      `${path}: expected exactly one of the alternatives`,
    ),
  if: (condition: Schema, found, { schema, path, check }) =>
    check(condition, found, path).length === 0 ? check(schema['then'] as Schema, found, path) : [],
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  then: ignored,
}
