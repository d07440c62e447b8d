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

/** The index of a function after the host's were put before it; of an import that has a wrapper, the wrapper's. */
export function moved(index: number, place: Placement): number {
  return index < place.movedFrom ? (place.wrappers.get(index) ?? index) : index + place.movedBy
}
