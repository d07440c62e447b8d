import type { TypeDefinition } from '../wit/binary-scope.ts'
import type { ComponentFunction } from './program.ts'
import type { Space } from './space.ts'

/** What a name or an index stands for while a component is read. */
export type Item =
  | { readonly sort: 'func'; readonly func: ComponentFunction }
  | { readonly sort: 'type'; readonly type: TypeDefinition }
  | { readonly sort: 'instance'; readonly exports: Items }
  | { readonly sort: 'component'; readonly component: ComponentDefinition }
  | { readonly sort: 'module'; readonly module: number }
  | { readonly sort: 'value' }

export type Items = ReadonlyMap<string, Item>

/** A nested component, read anew for each of its instances. */
export interface ComponentDefinition {
  readonly start: number
  readonly end: number
  readonly parent: Space | undefined
  readonly depth: number
}
