import { WeftError } from '../errors.ts'
import type { Instance, InstanceLimits } from './instance.ts'
import type { ModuleInfo } from './instrument.ts'
import { hostModule } from './instrument-placement.ts'
import { jspi } from './jspi.ts'
import { TableElements } from './table-elements.ts'
import { TrackedMemory, wasmPage } from './tracked-memory.ts'

type Grower = (pages: number) => number

/** A memory of an instance, and how its owner grows and measures it. */
interface OwnedMemory {
  readonly tracked: TrackedMemory
  readonly owner: () => WebAssembly.Exports
}

/** What instrumented core modules import of the host, for one instance. */
export class HostImports {
  /** Memories that came from the host, in the order of their modules. */
  readonly memories: TrackedMemory[] = []
  readonly #instance: Instance
  readonly #owned = new Map<WebAssembly.Memory, OwnedMemory>()
  readonly #maxima: readonly number[]
  readonly #check: () => number
  readonly #yield: object
  readonly #limit: () => void
  readonly #tables: TableElements
  #scratch: WebAssembly.Memory | undefined

  constructor(
    instance: Instance,
    modules: readonly ModuleInfo[],
    { memoryBytes, tableElements }: InstanceLimits,
  ) {
    this.#instance = instance
    this.#maxima = sharesOf(modules, memoryBytes)
    this.#check = () => instance.check()
    this.#limit = () => instance.limitHit('memory')
    this.#tables = new TableElements(tableElements, instance)
    this.#yield = new jspi.Suspending(() => instance.yield())
  }

  /** The imports of one module; `given` are its others, `owner` gives its exports once it is instantiated. */
  of(
    number: number,
    {
      info,
      given,
      owner,
    }: {
      readonly info: ModuleInfo
      readonly given: WebAssembly.Imports
      readonly owner: () => WebAssembly.Exports
    },
  ): WebAssembly.Imports {
    this.#tables.begin(info.tableElements)
    const memory = info.memory ? this.#make(number, info.memory.initial, owner) : this.#importedMemory(given)
    const common = {
      check: this.#check,
      limit: this.#limit,
      tables: this.#tables.grow,
      yield: this.#yield as WebAssembly.ImportValue,
      flag: this.#instance.pace.memory,
    }
    return { ...given, [hostModule]: { ...common, ...memory } }
  }

  #make(number: number, initial: number, owner: () => WebAssembly.Exports): WebAssembly.ModuleImports {
    const maximum = this.#maxima[number] ?? initial
    const tracked = new TrackedMemory({ initial, maximum })
    this.memories.push(tracked)
    this.#owned.set(tracked.memory, { tracked, owner })
    return { memory: tracked.memory, dirty: tracked.dirty }
  }

  #importedMemory(given: WebAssembly.Imports): WebAssembly.ModuleImports {
    const memory = Object.values(given)
      .flatMap((items) => Object.values(items))
      .find((item) => item instanceof WebAssembly.Memory)
    if (!memory) return {}
    const owned = this.#owned.get(memory)
    if (!owned) {
      this.#instance.isResettable = false
      return {
        dirty: this.#scratchMarks(),
        grow: growing(memory),
        size: () => memory.buffer.byteLength / wasmPage,
      }
    }
    const of =
      (name: string) =>
      (...args: number[]) =>
        (owned.owner()[`${hostModule}.${name}`] as unknown as (...given: number[]) => number)(...args)
    return { dirty: owned.tracked.dirty, grow: of('grow'), size: of('size') }
  }

  tracked(memory: WebAssembly.Memory): TrackedMemory | undefined {
    return this.#owned.get(memory)?.tracked
  }

  /** Marks that nobody reads, of a memory that the host did not make. */
  #scratchMarks(): WebAssembly.Memory {
    this.#scratch ??= new WebAssembly.Memory({ initial: 16, maximum: 16 })
    return this.#scratch
  }
}

function growing(memory: WebAssembly.Memory): Grower {
  return (pages) => {
    try {
      return memory.grow(pages)
    } catch {
      return -1
    }
  }
}

/** The most pages that each memory may have, so that together they stay within the limit. */
function sharesOf(modules: readonly ModuleInfo[], memoryBytes: number): number[] {
  const pages = Math.floor(memoryBytes / wasmPage)
  const own = modules.filter(({ memory }) => memory !== undefined)
  const initial = own.reduce((sum, { memory }) => sum + (memory?.initial ?? 0), 0)
  if (initial > pages) {
    const message = `the component begins with ${initial * wasmPage} bytes of memory, its limit is ${memoryBytes}`
    throw new WeftError('exhausted', message, { limit: 'memory' })
  }
  const share = own.length === 0 ? 0 : Math.max(0, Math.floor((pages - initial) / own.length))
  return modules.map(({ memory }) => {
    if (!memory) return 0
    return Math.min(memory.initial + share, memory.maximum ?? mostPages, mostPages)
  })
}

/** 4 GiB, which a 32-bit memory can't exceed. */
const mostPages = 65_536
