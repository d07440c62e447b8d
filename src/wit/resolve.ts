import { WeftError } from '../errors.ts'
import { checkDepth, type LookUp, resolveFunction, resolveType, type SizedType } from './resolve-type.ts'
import type { ExternSyntax, PackageSyntax, PathSyntax, ScopeSyntax, WorldSyntax } from './syntax.ts'
import type { WitInterface, WitWorld } from './type.ts'

/** Worlds may include worlds this deep. */
const maxIncludeDepth = 20

/** Gives the world of a WIT text: the first one that is written in it. */
export function resolveWorld(packages: readonly PackageSyntax[]): WitWorld {
  const scopes = new Scopes(packages)
  const home = packages.find((candidate) => candidate.worlds.length > 0)
  const world = home?.worlds[0]
  if (home === undefined || world === undefined) {
    throw new WeftError('invalid', 'WIT line 1: expected a world, found none in the text')
  }
  return worldOf(scopes, home, world, 0)
}

/** Gives the interfaces that a WIT text declares, in the order they are written. */
export function resolveInterfaces(packages: readonly PackageSyntax[]): WitInterface[] {
  const scopes = new Scopes(packages)
  return packages.flatMap((home) =>
    [...home.interfaces].map(([name, scope]) => scopes.interfaceOf(home, scope, interfaceId(home, name))),
  )
}

function worldOf(scopes: Scopes, home: PackageSyntax, world: WorldSyntax, depth: number): WitWorld {
  if (depth > maxIncludeDepth) {
    throw new WeftError('invalid', `WIT: worlds include each other deeper than ${maxIncludeDepth} levels`)
  }
  const included = world.includes.map((path) => {
    const found = scopes.world(home, path)
    return worldOf(scopes, found.home, found.world, depth + 1)
  })
  const side = (externs: readonly ExternSyntax[], of: (world: WitWorld) => readonly WitInterface[]) =>
    merged([...included.flatMap(of), ...externs.map((extern) => externOf(scopes, home, world, extern))])
  return {
    imports: side(world.imports, (other) => other.imports),
    exports: side(world.exports, (other) => other.exports),
  }
}

function externOf(
  scopes: Scopes,
  home: PackageSyntax,
  world: WorldSyntax,
  extern: ExternSyntax,
): WitInterface {
  switch (extern.kind) {
    case 'function':
      return { id: '', functions: [resolveFunction(extern.function, scopes.lookUpIn(home, world.scope))] }
    case 'inline':
      return scopes.interfaceOf(home, extern.scope, extern.name)
    case 'path': {
      const found = scopes.interface(home, extern.path)
      return scopes.interfaceOf(found.home, found.scope, found.id)
    }
  }
}

/** One interface for each id: the functions of the world itself come one by one. */
function merged(interfaces: readonly WitInterface[]): WitInterface[] {
  const byId = new Map<string, WitInterface>()
  for (const { id, functions } of interfaces) {
    const before = byId.get(id)
    const known = before?.functions ?? []
    const added = functions.filter((candidate) => !known.some(({ name }) => name === candidate.name))
    byId.set(id, { id, functions: [...known, ...added] })
  }
  return [...byId.values()]
}

function interfaceId(home: PackageSyntax, name: string): string {
  if (home.name === '') return name
  return `${home.name}/${name}${home.version === '' ? '' : `@${home.version}`}`
}

interface FoundInterface {
  readonly home: PackageSyntax
  readonly scope: ScopeSyntax
  readonly id: string
}

/** Finds interfaces and types by name, and remembers types, so that one name is one object. */
class Scopes {
  readonly #packages: readonly PackageSyntax[]
  readonly #types = new Map<ScopeSyntax, Map<string, SizedType>>()
  readonly #interfaces = new Map<ScopeSyntax, WitInterface>()

  constructor(packages: readonly PackageSyntax[]) {
    this.#packages = packages
  }

  interfaceOf(home: PackageSyntax, scope: ScopeSyntax, id: string): WitInterface {
    const known = this.#interfaces.get(scope)
    if (known !== undefined) return known
    const lookUp = this.lookUpIn(home, scope)
    const made = { id, functions: scope.functions.map((declared) => resolveFunction(declared, lookUp)) }
    this.#interfaces.set(scope, made)
    return made
  }

  interface(from: PackageSyntax, path: PathSyntax): FoundInterface {
    const alias = path.package === '' ? from.aliases.get(path.name) : undefined
    const target = alias ?? path
    for (const home of this.#candidates(from, target)) {
      const scope = home.interfaces.get(target.name)
      if (scope !== undefined) return { home, scope, id: interfaceId(home, target.name) }
    }
    throw notDefined('interface', from, target)
  }

  world(from: PackageSyntax, path: PathSyntax): { home: PackageSyntax; world: WorldSyntax } {
    for (const home of this.#candidates(from, path)) {
      const world = home.worlds.find(({ name }) => name === path.name)
      if (world !== undefined) return { home, world }
    }
    throw notDefined('world', from, path)
  }

  lookUpIn(home: PackageSyntax, scope: ScopeSyntax): LookUp {
    const known = this.#types.get(scope) ?? new Map<string, SizedType>()
    this.#types.set(scope, known)
    return (name, line, depth) => {
      const found = known.get(name) ?? this.#resolveName({ home, scope, name, line, depth })
      known.set(name, found)
      return found
    }
  }

  #resolveName(at: {
    readonly home: PackageSyntax
    readonly scope: ScopeSyntax
    readonly name: string
    readonly line: number
    readonly depth: number
  }): SizedType {
    checkDepth(at.depth)
    const syntax = at.scope.types.get(at.name)
    if (syntax !== undefined) return resolveType(syntax, this.lookUpIn(at.home, at.scope), at.depth)
    const use = at.scope.uses.get(at.name)
    if (use === undefined) {
      throw new WeftError('invalid', `WIT line ${at.line}: expected a type, "${at.name}" is not defined here`)
    }
    const target = this.interface(at.home, use.from)
    return this.lookUpIn(target.home, target.scope)(use.name, use.line, at.depth + 1)
  }

  #candidates(from: PackageSyntax, path: PathSyntax): readonly PackageSyntax[] {
    if (path.package === '')
      return this.#packages.filter(({ name, version }) => name === from.name && version === from.version)
    return this.#packages.filter(({ name, version }) => name === path.package && version === path.version)
  }
}

function notDefined(what: string, from: PackageSyntax, path: PathSyntax): WeftError {
  const id = path.package === '' ? path.name : `${path.package}/${path.name}`
  const version = path.version === '' ? '' : `@${path.version}`
  const place = from.name === '' ? 'the text' : `the text (asked for in package ${from.name})`
  return new WeftError(
    'invalid',
    `WIT line ${path.line}: expected ${what} ${id}${version} to be defined in ${place}, found none`,
  )
}
