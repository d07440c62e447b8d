import { WeftError } from '../errors.ts'
import { maxTypeDepth } from './parse-type.ts'
import type { WitType } from './type.ts'

/**
 * How many nodes a type may have with every name written out. Names make types that double with each line; this is the
 * same bound that the reference validator of components sets.
 */
export const maxTypeSize = 1_000_000
/** Flags that the component model has in one type: they go as one core value. */
const mostFlags = 32

interface Extent {
  readonly size: number
  readonly depth: number
}

const extents = new WeakMap<WitType, Extent>()
const leaf: Extent = { size: 1, depth: 1 }

/** Gives back a type that is made of types it was given before; throws `invalid` when it is too large. */
export function boundedType(type: WitType): WitType {
  const parts = partsOf(type)
  let size = 1
  let depth = 0
  for (const part of parts) {
    const extent = extents.get(part) ?? leaf
    size += extent.size
    depth = Math.max(depth, extent.depth)
  }
  if (size > maxTypeSize) throw new WeftError('invalid', `a type has more than ${maxTypeSize} parts`)
  if (depth >= maxTypeDepth)
    throw new WeftError('invalid', `types stand within each other deeper than ${maxTypeDepth}`)
  if (type.kind === 'flags' && type.names.length > mostFlags)
    throw new WeftError('invalid', `flags have ${type.names.length} names, expected ${mostFlags} or fewer`)
  extents.set(type, { size, depth: depth + 1 })
  return type
}

function partsOf(type: WitType): readonly WitType[] {
  const present = (parts: readonly (WitType | undefined)[]) => parts.filter((part) => part !== undefined)
  switch (type.kind) {
    case 'list':
    case 'option':
      return [type.element]
    case 'tuple':
      return type.elements
    case 'record':
      return type.fields.map((field) => field.type)
    case 'variant':
      return present(type.cases.map((one) => one.type))
    case 'result':
      return present([type.ok, type.err])
    case 'future':
    case 'stream':
      return present([type.element])
    default:
      return []
  }
}
