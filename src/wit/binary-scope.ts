import { WeftError } from '../errors.ts'
import type { WitField, WitType } from './type.ts'

/** A function's type, which in the binary has no name. */
export interface FunctionType {
  readonly async: boolean
  readonly params: readonly WitField[]
  readonly result?: WitType
}

export type Exports = ReadonlyMap<string, Extern>

/** What a name in a component stands for. Core items are not kept: they have no WIT. */
export type Extern =
  | { readonly sort: 'func'; readonly type: FunctionType }
  | { readonly sort: 'type'; readonly type: TypeDefinition }
  | { readonly sort: 'instance'; readonly exports: Exports }
  | { readonly sort: 'component'; readonly exports: Exports }
  | { readonly sort: 'value' | 'core' }

export type TypeDefinition =
  | { readonly kind: 'value'; readonly type: WitType }
  /** A resource gets its name where it is exported. */
  | { readonly kind: 'resource'; name: string }
  | { readonly kind: 'func'; readonly type: FunctionType }
  | { readonly kind: 'instance'; readonly exports: Exports }
  | { readonly kind: 'component'; readonly exports: Exports }

/** The index spaces of one component, component type or instance type. */
export class Scope {
  readonly parent: Scope | undefined
  readonly types: TypeDefinition[] = []
  readonly funcs: FunctionType[] = []
  readonly instances: Exports[] = []
  readonly components: Exports[] = []
  /** What a resource that is declared without a definition is; `name` is what the declaration calls it. */
  readonly newResource: (name: string) => TypeDefinition

  constructor(parent?: Scope, newResource?: (name: string) => TypeDefinition) {
    this.parent = parent
    this.newResource = newResource ?? parent?.newResource ?? ((name) => ({ kind: 'resource', name }))
  }

  /** Importing, aliasing and exporting each give the item the next index of its sort. */
  add(item: Extern): void {
    if (item.sort === 'func') this.funcs.push(item.type)
    else if (item.sort === 'type') this.types.push(item.type)
    else if (item.sort === 'instance') this.instances.push(item.exports)
    else if (item.sort === 'component') this.components.push(item.exports)
  }

  get(sort: Extern['sort'], index: number): Extern {
    switch (sort) {
      case 'func':
        return { sort, type: at(this.funcs, sort, index) }
      case 'type':
        return { sort, type: at(this.types, sort, index) }
      case 'instance':
        return { sort, exports: at(this.instances, sort, index) }
      case 'component':
        return { sort, exports: at(this.components, sort, index) }
      default:
        return { sort }
    }
  }

  type(index: number): TypeDefinition {
    return at(this.types, 'type', index)
  }

  outer(levels: number): Scope {
    let scope: Scope = this
    for (let level = 0; level < levels; level++) {
      if (!scope.parent)
        throw new WeftError('invalid', `an alias reaches ${levels} scopes out, there are ${level}`)
      scope = scope.parent
    }
    return scope
  }
}

function at<T>(items: readonly T[], sort: string, index: number): T {
  const item = items[index]
  if (item === undefined) throw new WeftError('invalid', `there is no ${sort} ${index}, only ${items.length}`)
  return item
}
