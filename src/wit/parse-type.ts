import type { CaseSyntax, FieldSyntax, FunctionSyntax, TypeSyntax } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/** How deep types may nest as written. The component model's own validator stops at 100. */
export const maxTypeDepth = 100
/** A fixed-length list becomes a tuple of so many elements at most. */
export const maxArrayLength = 4096

/** Reads one type. */
export function parseType(reader: TokenReader, depth = 0): TypeSyntax {
  if (depth > maxTypeDepth) throw reader.unexpected(`at most ${maxTypeDepth} levels of types`)
  const token = reader.peek()
  const generic = token.kind === 'word' ? generics.get(token.text) : undefined
  if (generic !== undefined) {
    reader.next()
    return generic(reader, depth + 1)
  }
  return { kind: 'name', name: reader.name('a type'), line: token.line }
}

const generics: ReadonlyMap<string, (reader: TokenReader, depth: number) => TypeSyntax> = new Map(
  Object.entries({
    list: parseList,
    option: (reader, depth) => ({
      kind: 'option',
      element: inBrackets(reader, () => parseType(reader, depth)),
    }),
    tuple: (reader, depth) => ({
      kind: 'tuple',
      elements: inBrackets(reader, () => listUntil(reader, '>', () => parseType(reader, depth))),
    }),
    map: (reader, depth) => ({
      kind: 'list',
      element: { kind: 'tuple', elements: parsePair(reader, depth) },
    }),
    future: (reader, depth) => ({ kind: 'future', element: optionalElement(reader, depth) }),
    stream: (reader, depth) => ({ kind: 'stream', element: optionalElement(reader, depth) }),
    result: parseResult,
    own: (reader) => handle(reader, 'own'),
    borrow: (reader) => handle(reader, 'borrow'),
    // Written in place by wRPC's own documents and vectors, not by WIT files.
    record: (reader, depth) => ({ kind: 'record', fields: parseFields(reader, depth) }),
    variant: (reader, depth) => ({ kind: 'variant', cases: parseCases(reader, depth) }),
    enum: (reader) => ({ kind: 'enum', names: parseNames(reader) }),
    flags: (reader) => ({ kind: 'flags', names: parseNames(reader) }),
  } satisfies Record<string, (reader: TokenReader, depth: number) => TypeSyntax>),
)

function parseList(reader: TokenReader, depth: number): TypeSyntax {
  return inBrackets(reader, () => {
    const element = parseType(reader, depth)
    if (!reader.take(',')) return { kind: 'list', element }
    const length = Number(reader.peek().text)
    if (reader.peek().kind !== 'number' || !(length >= 1 && length <= maxArrayLength)) {
      throw reader.unexpected(`a length from 1 to ${maxArrayLength}`)
    }
    reader.next()
    return { kind: 'array', element, length }
  })
}

function parsePair(reader: TokenReader, depth: number): TypeSyntax[] {
  return inBrackets(reader, () => {
    const key = parseType(reader, depth)
    reader.expect(',')
    return [key, parseType(reader, depth)]
  })
}

function parseResult(reader: TokenReader, depth: number): TypeSyntax {
  if (!reader.is('<')) return { kind: 'result', ok: undefined, err: undefined }
  return inBrackets(reader, () => {
    const ok = reader.take('_') ? undefined : parseType(reader, depth)
    const err = reader.take(',') && !reader.take('_') ? parseType(reader, depth) : undefined
    return { kind: 'result', ok, err }
  })
}

function optionalElement(reader: TokenReader, depth: number): TypeSyntax | undefined {
  if (!reader.is('<')) return undefined
  return inBrackets(reader, () => (reader.take('_') ? undefined : parseType(reader, depth)))
}

function handle(reader: TokenReader, kind: 'own' | 'borrow'): TypeSyntax {
  return inBrackets(reader, () => {
    const { line } = reader.peek()
    return { kind, name: reader.name('the name of a resource'), line }
  })
}

function inBrackets<T>(reader: TokenReader, read: () => T): T {
  reader.expect('<')
  const value = read()
  reader.expect('>')
  return value
}

/** Reads `{ name: type, … }`. */
export function parseFields(reader: TokenReader, depth = 0): FieldSyntax[] {
  reader.expect('{')
  const fields = listUntil(reader, '}', () => parseField(reader, depth))
  reader.expect('}')
  return fields
}

function parseField(reader: TokenReader, depth: number): FieldSyntax {
  const name = reader.name('the name of a field')
  reader.expect(':')
  return { name, type: parseType(reader, depth) }
}

/** Reads `{ name, name(type), … }`. */
export function parseCases(reader: TokenReader, depth = 0): CaseSyntax[] {
  reader.expect('{')
  const cases = listUntil(reader, '}', () => {
    const name = reader.name('the name of a case')
    if (!reader.take('(')) return { name, type: undefined }
    const type = parseType(reader, depth)
    reader.expect(')')
    return { name, type }
  })
  reader.expect('}')
  return cases
}

/** Reads `{ name, name, … }`. */
export function parseNames(reader: TokenReader): string[] {
  reader.expect('{')
  const names = listUntil(reader, '}', () => reader.name('a name'))
  reader.expect('}')
  return names
}

/** Reads `[async] func(name: type, …) [-> type]`. */
export function parseFunction(
  reader: TokenReader,
  name: string,
  self: readonly FieldSyntax[],
): FunctionSyntax {
  const async = reader.take('async')
  reader.expect('func')
  const params = [...self, ...parseParams(reader)]
  const result = reader.take('->') ? parseType(reader) : undefined
  return { name, async, params, result }
}

/** Reads `(name: type, …)`. */
export function parseParams(reader: TokenReader): FieldSyntax[] {
  reader.expect('(')
  const params = listUntil(reader, ')', () => parseField(reader, 0))
  reader.expect(')')
  return params
}

/** Reads items between commas until `close` is next; a comma may stand after the last one. */
function listUntil<T>(reader: TokenReader, close: string, read: () => T): T[] {
  const items: T[] = []
  while (!reader.is(close)) {
    skipGates(reader)
    items.push(read())
    if (!reader.take(',') && !reader.is(close)) throw reader.unexpected(`"," or "${close}"`)
  }
  return items
}

/** Passes over `@since(…)`, `@unstable(…)` and `@deprecated(…)`. */
export function skipGates(reader: TokenReader): void {
  while (reader.take('@')) {
    reader.name('the name of a feature gate')
    reader.expect('(')
    while (!reader.take(')')) {
      if (reader.next().kind === 'end') throw reader.unexpected('")"')
    }
  }
}
