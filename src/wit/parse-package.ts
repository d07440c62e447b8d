import { emptyScope, parsePath, parseScope, parseScopeItem, parseVersion } from './parse-scope.ts'
import { parseFunction, skipGates } from './parse-type.ts'
import type { ExternSyntax, PackageSyntax, WorldSyntax } from './syntax.ts'
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
