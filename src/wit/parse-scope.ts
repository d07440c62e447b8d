import {
  parseCases,
  parseFields,
  parseFunction,
  parseNames,
  parseParams,
  parseType,
  skipGates,
} from './parse-type.ts'
import type { PathSyntax, ScopeSyntax } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/** A scope in which nothing is declared. */
export function emptyScope(): ScopeSyntax {
  return { types: new Map(), uses: new Map(), functions: [] }
}

/** Reads the declarations of an interface, between braces. */
export function parseScope(reader: TokenReader): ScopeSyntax {
  const scope = emptyScope()
  reader.expect('{')
  while (!reader.take('}')) {
    skipGates(reader)
    parseScopeItem(reader, scope)
  }
  return scope
}

/** Reads one declaration of an interface, or one that a world may have as well. */
export function parseScopeItem(reader: TokenReader, scope: ScopeSyntax): void {
  if (reader.is(':', 1)) {
    const name = reader.name('a name')
    reader.expect(':')
    scope.functions.push(parseFunction(reader, name, []))
    reader.expect(';')
    return
  }
  if (reader.take('use')) parseUse(reader, scope)
  else if (reader.take('type')) parseAlias(reader, scope)
  else if (reader.take('record'))
    scope.types.set(reader.name('a name'), { kind: 'record', fields: parseFields(reader) })
  else if (reader.take('variant'))
    scope.types.set(reader.name('a name'), { kind: 'variant', cases: parseCases(reader) })
  else if (reader.take('enum'))
    scope.types.set(reader.name('a name'), { kind: 'enum', names: parseNames(reader) })
  else if (reader.take('flags'))
    scope.types.set(reader.name('a name'), { kind: 'flags', names: parseNames(reader) })
  else if (reader.take('resource')) parseResource(reader, scope)
  else throw reader.unexpected('a function, a type, "use" or "}"')
}

function parseUse(reader: TokenReader, scope: ScopeSyntax): void {
  const from = parsePath(reader)
  reader.expect('.')
  reader.expect('{')
  while (!reader.take('}')) {
    const { line } = reader.peek()
    const name = reader.name('the name of a type')
    scope.uses.set(reader.take('as') ? reader.name('a name') : name, { from, name, line })
    if (!reader.take(',') && !reader.is('}')) throw reader.unexpected('"," or "}"')
  }
  reader.expect(';')
}

function parseAlias(reader: TokenReader, scope: ScopeSyntax): void {
  const name = reader.name('the name of a type')
  reader.expect('=')
  scope.types.set(name, parseType(reader))
  reader.expect(';')
}

function parseResource(reader: TokenReader, scope: ScopeSyntax): void {
  const { line } = reader.peek()
  const name = reader.name('the name of a resource')
  scope.types.set(name, { kind: 'resource', name })
  if (reader.take(';')) return
  reader.expect('{')
  while (!reader.take('}')) {
    skipGates(reader)
    parseResourceItem(reader, scope, { name, line })
    reader.expect(';')
  }
}

function parseResourceItem(
  reader: TokenReader,
  scope: ScopeSyntax,
  resource: { readonly name: string; readonly line: number },
): void {
  if (reader.is('constructor') && reader.is('(', 1)) {
    reader.next()
    const params = parseParams(reader)
    const result = reader.take('->') ? parseType(reader) : ({ kind: 'own', ...resource } as const)
    scope.functions.push({ name: `[constructor]${resource.name}`, async: false, params, result })
    return
  }
  const name = reader.name('a method, "static" or "constructor"')
  reader.expect(':')
  if (reader.take('static')) {
    scope.functions.push(parseFunction(reader, `[static]${resource.name}.${name}`, []))
    return
  }
  const self = { name: 'self', type: { kind: 'borrow', ...resource } } as const
  scope.functions.push(parseFunction(reader, `[method]${resource.name}.${name}`, [self]))
}

/** Reads `name` or `ns:pkg/name[@version]`. */
export function parsePath(reader: TokenReader): PathSyntax {
  const { line } = reader.peek()
  const first = reader.name('the name of an interface')
  if (!reader.take(':')) return { package: '', name: first, version: '', line }
  const pkg = `${first}:${reader.name('the name of a package')}`
  reader.expect('/')
  return { package: pkg, name: reader.name('the name of an interface'), version: parseVersion(reader), line }
}

/** Reads `@version` if it is there. */
export function parseVersion(reader: TokenReader): string {
  if (!reader.take('@')) return ''
  if (reader.peek().kind !== 'number') throw reader.unexpected('a version')
  return reader.next().text
}
