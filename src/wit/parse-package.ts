import {
  parseCases,
  parseFields,
  parseFunction,
  parseNames,
  parseParams,
  parseType,
  skipGates,
} from './parse-type.ts'
import type { ExternSyntax, PackageSyntax, PathSyntax, ScopeSyntax, WorldSyntax } from './syntax.ts'
import type { TokenReader } from './token-reader.ts'

/** Reads a whole WIT text: its root package first, then the packages nested in it. */
export function parsePackages(reader: TokenReader): PackageSyntax[] {
  const root = emptyPackage('', '')
  const packages = [root]
  let current = root
  while (reader.peek().kind !== 'end') {
    skipGates(reader)
    if (reader.take('package')) {
      const header = parsePackageName(reader)
      const declared = emptyPackage(header.name, header.version)
      packages.push(declared)
      if (reader.take(';')) {
        current = declared
      } else {
        reader.expect('{')
        while (!reader.take('}')) parsePackageItem(reader, declared)
      }
    } else {
      parsePackageItem(reader, current)
    }
  }
  return packages
}

function emptyPackage(name: string, version: string): PackageSyntax {
  return { name, version, interfaces: new Map(), worlds: [], aliases: new Map() }
}

function parsePackageName(reader: TokenReader): { name: string; version: string } {
  const namespace = reader.name('the name of a package')
  reader.expect(':')
  return { name: `${namespace}:${reader.name('the name of a package')}`, version: parseVersion(reader) }
}

function parseVersion(reader: TokenReader): string {
  if (!reader.take('@')) return ''
  if (reader.peek().kind !== 'number') throw reader.unexpected('a version')
  return reader.next().text
}

function parsePackageItem(reader: TokenReader, into: PackageSyntax): void {
  skipGates(reader)
  if (reader.take('interface')) {
    const name = reader.name('the name of an interface')
    into.interfaces.set(name, parseScope(reader))
  } else if (reader.take('world')) {
    into.worlds.push(parseWorld(reader))
  } else if (reader.take('use')) {
    const path = parsePath(reader)
    into.aliases.set(reader.take('as') ? reader.name('a name') : path.name, path)
    reader.expect(';')
  } else {
    throw reader.unexpected('"package", "interface", "world" or "use"')
  }
}

/** Reads `name` or `ns:pkg/name[@version]`. */
function parsePath(reader: TokenReader): PathSyntax {
  const { line } = reader.peek()
  const first = reader.name('the name of an interface')
  if (!reader.take(':')) return { package: '', name: first, version: '', line }
  const pkg = `${first}:${reader.name('the name of a package')}`
  reader.expect('/')
  return { package: pkg, name: reader.name('the name of an interface'), version: parseVersion(reader), line }
}

function parseWorld(reader: TokenReader): WorldSyntax {
  const name = reader.name('the name of a world')
  const world: WorldSyntax = { name, scope: emptyScope(), imports: [], exports: [], includes: [] }
  reader.expect('{')
  while (!reader.take('}')) {
    skipGates(reader)
    if (reader.take('import')) world.imports.push(parseExtern(reader))
    else if (reader.take('export')) world.exports.push(parseExtern(reader))
    else if (reader.take('include')) parseInclude(reader, world)
    else parseScopeItem(reader, world.scope)
  }
  return world
}

function parseInclude(reader: TokenReader, world: WorldSyntax): void {
  world.includes.push(parsePath(reader))
  if (reader.is('with')) throw reader.unexpected('";" (include … with is not read)')
  reader.expect(';')
}

function parseExtern(reader: TokenReader): ExternSyntax {
  const named =
    reader.is(':', 1) && (reader.is('interface', 2) || reader.is('func', 2) || reader.is('async', 2))
  if (!named) {
    const path = parsePath(reader)
    reader.expect(';')
    return { kind: 'path', path }
  }
  const name = reader.name('a name')
  reader.expect(':')
  if (reader.take('interface')) return { kind: 'inline', name, scope: parseScope(reader) }
  const declared = parseFunction(reader, name, [])
  reader.expect(';')
  return { kind: 'function', function: declared }
}

function emptyScope(): ScopeSyntax {
  return { types: new Map(), uses: new Map(), functions: [] }
}

function parseScope(reader: TokenReader): ScopeSyntax {
  const scope = emptyScope()
  reader.expect('{')
  while (!reader.take('}')) {
    skipGates(reader)
    parseScopeItem(reader, scope)
  }
  return scope
}

function parseScopeItem(reader: TokenReader, scope: ScopeSyntax): void {
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
