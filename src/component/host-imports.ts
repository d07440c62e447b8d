import { WeftError } from '../errors.ts'
import type { Instance, InstanceLimits } from './instance.ts'
import type { ModuleInfo } from './instrument.ts'
import { hostModule } from './instrument-placement.ts'
import { jspi } from './jspi.ts'
import type { Later } from './later.ts'
import { MemoryPages } from './memory-pages.ts'
import { TableElements } from './table-elements.ts'
import type { Task } from './task.ts'
import { TrackedMemory } from './tracked-memory.ts'

type OwnMemory = NonNullable<ModuleInfo['memory']>

export interface HostImportsOptions {
  readonly limits: InstanceLimits
  /** Of an instance that is gone: they take the place of new ones. */
  readonly memories: readonly TrackedMemory[]
}

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
  readonly #later: Later
  readonly #owned = new Map<WebAssembly.Memory, OwnedMemory>()
  readonly #spare: readonly TrackedMemory[]
  readonly pages: MemoryPages
  readonly #check: () => number
  readonly #yield: object
  readonly #limit: () => void
  readonly #waiting: () => unknown
  readonly #resumed: (task: Task | undefined) => void
  readonly #tables: TableElements

  constructor(instance: Instance, later: Later, { limits, memories }: HostImportsOptions) {
    const { memoryBytes, tableElements } = limits
    this.#instance = instance
    this.#spare = memories
    this.#later = later
    this.pages = new MemoryPages(memoryBytes)
    this.#check = () => instance.check()
    this.#limit = () => instance.limitHit('memory')
    this.#waiting = () => instance.current
    this.#resumed = (task) => instance.resume(task)
    this.#tables = new TableElements(tableElements, instance)
    this.#yield = new jspi.Suspending(() => instance.yield())
  }

  /** The imports of one module; `given` are its others, `owner` gives its exports once it is instantiated. */
  of({
    info,
    given,
    owner,
  }: {
    readonly info: ModuleInfo
    readonly given: WebAssembly.Imports
    readonly owner: () => WebAssembly.Exports
  }): WebAssembly.Imports {
    this.#tables.begin(info.tableElements)
    const memory = info.memory ? this.#make(info, info.memory, owner) : this.#importedMemory(info, given)
    const common = {
      check: this.#check,
      limit: this.#limit,
      tables: this.#tables.grow,
      waiting: this.#waiting,
      resumed: this.#resumed,
      yield: this.#yield as WebAssembly.ImportValue,
      later: this.#later.wait as WebAssembly.ImportValue,
      flag: this.#instance.pace.memory,
    }
    return { ...given, [hostModule]: { ...common, ...memory } }
  }

  #make(
    { data }: ModuleInfo,
    memory: OwnMemory,
    owner: () => WebAssembly.Exports,
  ): WebAssembly.ModuleImports {
    const { initial } = memory
    const maximum = Math.max(initial, Math.min(memory.maximum ?? this.pages.most, this.pages.most))
    const claim = this.pages.begin(initial, maximum)
    const spare = this.#spare[this.memories.length]
    const tracked = spare?.isLike({ initial, maximum }) ? spare : new TrackedMemory({ initial, maximum })
    tracked.receives(data)
    this.memories.push(tracked)
    this.#owned.set(tracked.memory, { tracked, owner })
    return { memory: tracked.memory, dirty: tracked.dirty, claim }
  }

  #importedMemory(
    { importedMemory, data }: ModuleInfo,
    given: WebAssembly.Imports,
  ): WebAssembly.ModuleImports | undefined {
    if (!importedMemory) return undefined
    const [from, name] = importedMemory
    const memory = given[from]?.[name]
    const owned = memory instanceof WebAssembly.Memory && this.#owned.get(memory)
    if (!owned) throw new WeftError('internal', 'a core module imports a memory that the host did not make')
    owned.tracked.receives(data)
    const of =
      (name: string) =>
      (...args: number[]) =>
        (owned.owner()[`${hostModule}.${name}`] as unknown as (...given: number[]) => number)(...args)
    return { dirty: owned.tracked.dirty, grow: of('grow'), size: of('size') }
  }

  tracked(memory: WebAssembly.Memory): TrackedMemory | undefined {
    return this.#owned.get(memory)?.tracked
  }
}
