/** A type as it is written: names are not looked up yet. */
export type TypeSyntax =
  | { readonly kind: 'name'; readonly name: string; readonly line: number }
  | { readonly kind: 'list' | 'option'; readonly element: TypeSyntax }
  | { readonly kind: 'array'; readonly element: TypeSyntax; readonly length: number }
  | { readonly kind: 'future' | 'stream'; readonly element: TypeSyntax | undefined }
  | { readonly kind: 'result'; readonly ok: TypeSyntax | undefined; readonly err: TypeSyntax | undefined }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeSyntax[] }
  | { readonly kind: 'record'; readonly fields: readonly FieldSyntax[] }
  | { readonly kind: 'variant'; readonly cases: readonly CaseSyntax[] }
  | { readonly kind: 'enum' | 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'own' | 'borrow'; readonly name: string; readonly line: number }
  | { readonly kind: 'resource'; readonly name: string }

export interface FieldSyntax {
  readonly name: string
  readonly type: TypeSyntax
}

export interface CaseSyntax {
  readonly name: string
  readonly type: TypeSyntax | undefined
}

/** A function with its component-model name (`[method]bucket.get`); methods have their `self` already. */
export interface FunctionSyntax {
  readonly name: string
  readonly async: boolean
  readonly params: readonly FieldSyntax[]
  readonly result: TypeSyntax | undefined
}

/** `ns:pkg/iface@version`, or the bare name of an interface of the same package. */
export interface PathSyntax {
  readonly package: string
  readonly name: string
  readonly version: string
  readonly line: number
}

/** Names brought in by `use path.{name as alias}`, keyed by the name they get here. */
export interface UseSyntax {
  readonly from: PathSyntax
  readonly name: string
  readonly line: number
}

/** What an interface declares, or a world beside its imports and exports. */
export interface ScopeSyntax {
  readonly types: Map<string, TypeSyntax>
  readonly uses: Map<string, UseSyntax>
  readonly functions: FunctionSyntax[]
}

/** One `import` or `export` of a world. */
export type ExternSyntax =
  | { readonly kind: 'function'; readonly function: FunctionSyntax }
  | { readonly kind: 'inline'; readonly name: string; readonly scope: ScopeSyntax }
  | { readonly kind: 'path'; readonly path: PathSyntax }

export interface WorldSyntax {
  readonly name: string
  readonly scope: ScopeSyntax
  readonly imports: ExternSyntax[]
  readonly exports: ExternSyntax[]
  readonly includes: PathSyntax[]
}

/** A package: `package ns:pkg@version;` and what follows, or `package ns:pkg@version { … }`. */
export interface PackageSyntax {
  readonly name: string
  readonly version: string
  readonly interfaces: Map<string, ScopeSyntax>
  readonly worlds: WorldSyntax[]
  /** `use ns:pkg/iface@version as alias;` at the top: other names for interfaces. */
  readonly aliases: Map<string, PathSyntax>
}
