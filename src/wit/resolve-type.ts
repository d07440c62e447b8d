import { WeftError } from '../errors.ts'
import { maxTypeSize } from './bounded-type.ts'
import { maxTypeDepth } from './parse-type.ts'
import type { FunctionSyntax, TypeSyntax } from './syntax.ts'
import type { WitFunction, WitPrimitive, WitType } from './type.ts'

/** A type with its size, the number of its nodes with every name written out. */
export interface SizedType {
  readonly type: WitType
  readonly size: number
}

/** Looks up a type by its name; the same name gives the same object each time. */
export type LookUp = (name: string, line: number, depth: number) => SizedType

const primitives: ReadonlyMap<string, SizedType> = new Map(
  (
    [
      'bool',
      'u8',
      'u16',
      'u32',
      'u64',
      's8',
      's16',
      's32',
      's64',
      'f32',
      'f64',
      'char',
      'string',
      'error-context',
    ] satisfies WitPrimitive[]
  ).map((kind) => [kind, { type: { kind }, size: 1 }]),
)

/** Gives a written function with every name in it resolved. */
export function resolveFunction(syntax: FunctionSyntax, lookUp: LookUp): WitFunction {
  return {
    name: syntax.name,
    async: syntax.async,
    params: syntax.params.map((param) => ({
      name: param.name,
      type: resolveType(param.type, lookUp, 0).type,
    })),
    ...(syntax.result && { result: resolveType(syntax.result, lookUp, 0).type }),
  }
}

/** Gives a written type with every name in it resolved. */
export function resolveType(syntax: TypeSyntax, lookUp: LookUp, depth: number): SizedType {
  checkDepth(depth)
  let size = 1
  const inner = (element: TypeSyntax): WitType => {
    const resolved = resolveType(element, lookUp, depth + 1)
    size += resolved.size
    if (size > maxTypeSize) throw new WeftError('invalid', `WIT: a type has more than ${maxTypeSize} parts`)
    return resolved.type
  }
  const optional = (element: TypeSyntax | undefined) => element && inner(element)
  switch (syntax.kind) {
    case 'name':
      return primitives.get(syntax.name) ?? lookUp(syntax.name, syntax.line, depth + 1)
    case 'own':
    case 'borrow':
      return { type: { kind: syntax.kind, resource: resourceName(syntax, lookUp, depth) }, size }
    // A resource named as a type is an owned handle to it.
    case 'resource':
      return { type: { kind: 'own', resource: syntax.name }, size }
    case 'enum':
    case 'flags':
      return { type: { kind: syntax.kind, names: syntax.names }, size: 1 + syntax.names.length }
    case 'list':
    case 'option':
      return { type: { kind: syntax.kind, element: inner(syntax.element) }, size }
    case 'array': {
      const elements = Array.from({ length: syntax.length }, () => inner(syntax.element))
      return { type: { kind: 'tuple', elements }, size }
    }
    case 'future':
    case 'stream': {
      const element = optional(syntax.element)
      return { type: { kind: syntax.kind, ...(element && { element }) }, size }
    }
    case 'result': {
      const ok = optional(syntax.ok)
      const err = optional(syntax.err)
      return { type: { kind: 'result', ...(ok && { ok }), ...(err && { err }) }, size }
    }
    case 'tuple': {
      const elements = syntax.elements.map(inner)
      return { type: { kind: 'tuple', elements }, size }
    }
    case 'record': {
      const fields = syntax.fields.map((field) => ({ name: field.name, type: inner(field.type) }))
      return { type: { kind: 'record', fields }, size }
    }
    case 'variant': {
      const cases = syntax.cases.map(({ name, type }) => ({ name, ...(type && { type: inner(type) }) }))
      return { type: { kind: 'variant', cases }, size: size + cases.length }
    }
  }
}

/** Refuses types that nest too deep, as those do that are made of themselves. */
export function checkDepth(depth: number): void {
  if (depth <= maxTypeDepth) return
  throw new WeftError('invalid', `WIT: types nest deeper than ${maxTypeDepth} levels`)
}

function resourceName(syntax: { name: string; line: number }, lookUp: LookUp, depth: number): string {
  const { type } = lookUp(syntax.name, syntax.line, depth + 1)
  if (type.kind === 'own') return type.resource
  throw new WeftError(
    'invalid',
    `WIT line ${syntax.line}: expected a resource, "${syntax.name}" is a ${type.kind}`,
  )
}
