import { WeftError } from '../errors.ts'
import { asyncFunction } from './async-functions.ts'
import { HostImports, type HostImportsOptions } from './host-imports.ts'
import type { Instance, LoadedModule } from './instance.ts'
import type { ModuleInfo } from './instrument.ts'
import { hostModule } from './instrument-placement.ts'
import { jspi } from './jspi.ts'
import { Later, type Leave, suspendNow } from './later.ts'
import { type CoreFunction, loweredFunction } from './lower.ts'
import type { MemoryImage } from './memory-image.ts'
import type { MemoryPages } from './memory-pages.ts'
import type { Canon, CoreInstanceDefinition, CoreItem } from './program.ts'
import { resourceFunction } from './resource-functions.ts'
import type { TrackedMemory } from './tracked-memory.ts'
import { mayWait } from './waiting-imports.ts'

/** Memories and globals of an instance as they are before its first call. */
export interface InstanceImage {
  readonly memories: readonly MemoryImage[]
  /** Their sizes in pages. */
  readonly pages: readonly number[]
  /** Values of mutable globals by core instance. */
  readonly globals: readonly (readonly (number | bigint)[])[]
}

/** The core modules of one instance, linked with each other and with the host. */
export class CoreInstances {
  /** Mutable globals by core instance. */
  readonly #globals: WebAssembly.Global[][] = []
  readonly #instance: Instance
  readonly #modules: readonly LoadedModule[]
  readonly #host: HostImports
  readonly #later: Later
  readonly #exports: WebAssembly.Exports[] = []
  /** By the number of their canonical definition. */
  readonly #functions: WebAssembly.ImportValue[] = []

  constructor(instance: Instance, modules: readonly LoadedModule[], options: HostImportsOptions) {
    this.#instance = instance
    this.#modules = modules
    this.#later = new Later(instance)
    this.#host = new HostImports(instance, this.#later, options)
  }

  /** Memories that came from the host. */
  get #memories(): readonly TrackedMemory[] {
    return this.#host.memories
  }

  /** Pages of its memories, as the guest sees them. */
  get #pages(): MemoryPages {
    return this.#host.pages
  }

  tracked(memory: WebAssembly.Memory): TrackedMemory | undefined {
    return this.#host.tracked(memory)
  }

  /** Makes all core instances, in their order; what that writes is how they begin. */
  instantiate(): void {
    for (const definition of this.#instance.program.coreInstances) this.#make(definition)
    for (const memory of this.#memories) memory.begin()
  }

  /** Bytes of all memories. */
  get memoryBytes(): number {
    return this.#memories.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0)
  }

  /** Its memories, all zero; undefined when it is not known what was written to them. */
  wipedMemories(): readonly TrackedMemory[] | undefined {
    return this.#memories.every((memory) => memory.wipe()) ? this.#memories : undefined
  }

  takeImage(): InstanceImage {
    return {
      memories: this.#memories.map((memory) => memory.takeImage()),
      pages: this.#pages.sizes,
      globals: this.#globals.map((globals) => globals.map(({ value }) => value as number | bigint)),
    }
  }

  /** Makes memories and globals what they were when `image` was taken, of whichever instance of the component. */
  restore(image: InstanceImage): void {
    this.#pages.restore(image.pages)
    for (const [index, memory] of this.#memories.entries()) {
      const before = image.memories[index]
      if (before) memory.restore(before)
    }
    for (const [instance, globals] of this.#globals.entries()) {
      const values = image.globals[instance]
      for (let index = 0; index < globals.length; index++) {
        const global = globals[index]
        if (global) global.value = values?.[index]
      }
    }
  }

  /** An export of a core instance, or the function that a canonical definition gives. */
  item(item: CoreItem): WebAssembly.ImportValue {
    if (!('canon' in item)) {
      const value = this.#exportsOf(item.instance)[item.name]
      if (value === undefined) throw new WeftError('invalid', `a core instance exports no ${item.name}`)
      return value
    }
    const canon = this.#canon(item.canon)
    this.#functions[item.canon] ??= mayWait(canon)
      ? (new jspi.Suspending(this.#function(canon, suspendNow)) as WebAssembly.ImportValue)
      : this.#function(canon, suspendNow)
    return this.#functions[item.canon] as WebAssembly.ImportValue
  }

  #canon(number: number): Canon {
    const canon = this.#instance.program.canons[number]
    if (!canon) throw new WeftError('invalid', `there is no canonical definition ${number}`)
    return canon
  }

  #function(canon: Canon, leave: Leave): CoreFunction {
    if (canon.do === 'lift') throw new WeftError('invalid', 'a lifted function is no core function')
    if (canon.do === 'lower') return loweredFunction(this.#instance, canon, leave)
    if (canon.do === 'builtin') return asyncFunction(this.#instance, canon, leave)
    return resourceFunction(this.#instance, canon)
  }

  #make({ module: number, imports }: CoreInstanceDefinition): void {
    const loaded = this.#modules[number]
    if (!loaded) throw new WeftError('internal', `the program has no core module ${number}`)
    const given: Record<string, WebAssembly.ModuleImports> = {}
    for (const [name, from] of imports) {
      given[name] = typeof from === 'number' ? this.#exportsOf(from) : this.#items(from, loaded.info)
    }
    const index = this.#exports.length
    const all = this.#host.of({ info: loaded.info, given, owner: () => this.#exportsOf(index) })
    const { exports } = new WebAssembly.Instance(loaded.module, all)
    this.#exports.push(exports)
    this.#globals.push(
      Array.from(
        { length: loaded.info.globals },
        (_, global) => exports[`${hostModule}.${global}`] as WebAssembly.Global,
      ),
    )
  }

  #items(from: readonly (readonly [string, CoreItem])[], info: ModuleInfo): WebAssembly.ModuleImports {
    const items: WebAssembly.ModuleImports = {}
    for (const [name, item] of from) items[name] = this.#imported(item, info)
    return items
  }

  /** What a module is given: one that calls `later` itself gets plain functions also for what may wait. */
  #imported(item: CoreItem, { callsLater }: ModuleInfo): WebAssembly.ImportValue {
    if (!callsLater || !('canon' in item)) return this.item(item)
    const canon = this.#canon(item.canon)
    return mayWait(canon) ? this.#function(canon, this.#later.leave) : this.item(item)
  }

  #exportsOf(instance: number): WebAssembly.Exports {
    const exports = this.#exports[instance]
    if (!exports) throw new WeftError('invalid', `core instance ${instance} is used before it is made`)
    return exports
  }
}
