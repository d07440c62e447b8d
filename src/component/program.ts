import type { FunctionType } from '../wit/binary-scope.ts'
import type { WitType } from '../wit/type.ts'

/**
 * What it takes to run a component: its binary with every nested component, alias and index space resolved. Plain data,
 * made once when compiling (`read-program.ts`), run by `link.ts`. In all types here the `resource` of a handle is the
 * number of the resource in `resources`, as text.
 */
export interface Program {
  readonly resources: readonly ResourceDefinition[]
  /** Core instances in the order in which they are made. */
  readonly coreInstances: readonly CoreInstanceDefinition[]
  readonly canons: readonly Canon[]
  readonly exports: readonly ExportedFunction[]
}

export type ResourceDefinition =
  /** One of the host's: `interface` and `name` say which class of the import objects stands for it. */
  | { readonly kind: 'imported'; readonly interface: string; readonly name: string }
  /** One that a component instance defines. */
  | { readonly kind: 'defined'; readonly instance: number; readonly destructor?: CoreItem }

/** A function, memory, table or global: an export of a core instance, or a function made by a canonical definition. */
export type CoreItem = { readonly instance: number; readonly name: string } | { readonly canon: number }

export interface CoreInstanceDefinition {
  readonly module: number
  /** What its imports lead to, by module name and then by name; a whole instance counts by its number. */
  readonly imports: readonly (readonly [string, number | readonly (readonly [string, CoreItem])[]])[]
}

/** Options of a canonical definition. */
export interface CanonOptions {
  readonly encoding: 'utf8' | 'utf16' | 'latin1+utf16'
  readonly memory?: CoreItem
  readonly realloc?: CoreItem
  readonly postReturn?: CoreItem
  readonly async: boolean
  readonly callback?: CoreItem
}

/** A canonical definition within component instance `instance`. */
export type Canon =
  | {
      readonly do: 'lift'
      readonly instance: number
      readonly func: CoreItem
      readonly type: FunctionType
      readonly options: CanonOptions
      /** For messages. */
      name: string
    }
  | {
      readonly do: 'lower'
      readonly instance: number
      readonly func: ComponentFunction
      readonly options: CanonOptions
      /** What it calls may have something to wait for. */
      readonly mayWait: boolean
    }
  | {
      readonly do: 'resource.new' | 'resource.drop' | 'resource.rep'
      readonly instance: number
      readonly resource: number
    }
  | {
      /** A built-in of the async part of the component model, by its name in the text format. */
      readonly do: 'builtin'
      readonly builtin: string
      readonly instance: number
      readonly type?: WitType
      readonly options?: CanonOptions
      readonly memory?: CoreItem
      /** For `context.get` and `context.set`. */
      readonly index?: number
      readonly async?: boolean
    }

export type ComponentFunction =
  | {
      readonly from: 'import'
      readonly interface: string
      readonly name: string
      readonly type: FunctionType
    }
  | { readonly from: 'lift'; readonly canon: number }

export interface ExportedFunction {
  /** '' for a function of the world itself. */
  readonly interface: string
  readonly name: string
  readonly func: ComponentFunction
}
