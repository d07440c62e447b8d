import type { CoreParts } from './core-parts.ts'

/** The module name under which an instrumented module imports what the host gives it. */
export const hostModule = '$weft'

/** The name of each function that is added to a guest's code. */
export const addedName = '$weft.added'

/** Where things stand in the rewritten module. */
export interface Placement {
  /** Function indexes from here on have moved. */
  readonly movedFrom: number
  /** By how much. */
  readonly movedBy: number
  /** Indexes of the imported and added functions. */
  readonly check: number
  readonly yield: number
  readonly limit: number
  readonly tables: number
  /** Which task waits, and that its stack goes on. */
  readonly waiting: number
  readonly resumed: number
  /** Only where the module has a memory of its own. */
  readonly claim: number
  /** The first of the host's `later` functions, the first function that is added. */
  readonly firstLater: number
  readonly firstHelper: number
  /** Indexes of the functions that stand for imports, by the import's. */
  readonly wrappers: ReadonlyMap<number, number>
  /** Indexes of memories; the guest's own is 0 when there is one. */
  readonly dirty: number
  readonly flag: number
  /** The global that holds the size of the guest's memory in pages; undefined when it is not the module's own. */
  readonly pages: number | undefined
  /** Functions that stand for `memory.grow` and `memory.size`. */
  readonly grow: number
  readonly size: number
  readonly tracksStores: boolean
  /** The most elements that each table may have by its own type; undefined for as many as the engine lets it. */
  readonly tableMaxima: readonly (number | undefined)[]
}

/** Functions that are added behind the module's own, by their number behind `firstHelper`; then come the imports' wrappers. */
export const helper = { poll: 0, grow: 1, mark: 2, size: 3 } as const

/** `waiting` are the imports that get wrappers, `laters` how many `later` functions there are. */
export function placementOf(
  { imports, functions, own, hasMemory, tables, globals }: CoreParts,
  { waiting, laters }: { readonly waiting: readonly number[]; readonly laters: number },
): Placement {
  const firstHost = imports.functions.length
  // A memory of another module is grown and measured by that module.
  const firstLater = firstHost + (own ? 7 : hasMemory ? 8 : 6)
  const firstHelper = firstLater + laters + functions.length
  const firstWrapper = firstHelper + Object.keys(helper).length
  return {
    movedFrom: firstHost,
    movedBy: firstLater + laters - firstHost,
    check: firstHost,
    yield: firstHost + 1,
    limit: firstHost + 2,
    tables: firstHost + 3,
    waiting: firstHost + 4,
    resumed: firstHost + 5,
    claim: firstHost + 6,
    firstLater,
    firstHelper,
    wrappers: new Map(waiting.map((index, number) => [index, firstWrapper + number])),
    dirty: hasMemory ? 1 : 0,
    flag: hasMemory ? 2 : 0,
    pages: own ? imports.globals + globals.length : undefined,
    grow: own ? firstHelper + helper.grow : firstHost + 6,
    size: own ? firstHelper + helper.size : firstHost + 7,
    tracksStores: hasMemory,
    tableMaxima: [...imports.tables, ...tables].map(({ maximum }) => maximum),
  }
}

/** The index of a function after the host's were put before it; of an import that has a wrapper, the wrapper's. */
export function moved(index: number, place: Placement): number {
  return index < place.movedFrom ? (place.wrappers.get(index) ?? index) : index + place.movedBy
}
