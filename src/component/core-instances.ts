import { WeftError } from '../errors.ts'
import { asyncFunction } from './async-functions.ts'
import { HostImports } from './host-imports.ts'
import type { Instance, InstanceLimits, LoadedModule } from './instance.ts'
import { hostModule } from './instrument-placement.ts'
import { loweredFunction } from './lower.ts'
import type { MemoryPages } from './memory-pages.ts'
import type { Canon, CoreInstanceDefinition, CoreItem } from './program.ts'
import { resourceFunction } from './resource-functions.ts'
import type { TrackedMemory } from './tracked-memory.ts'

/** The core modules of one instance, linked with each other and with the host. */
export class CoreInstances {
  /** Mutable globals by core instance. */
  readonly globals: WebAssembly.Global[][] = []
  readonly #instance: Instance
  readonly #modules: readonly LoadedModule[]
  readonly #host: HostImports
  readonly #exports: WebAssembly.Exports[] = []
  /** By the number of their canonical definition. */
  readonly #functions: WebAssembly.ImportValue[] = []

  constructor(instance: Instance, modules: readonly LoadedModule[], limits: InstanceLimits) {
    this.#instance = instance
    this.#modules = modules
    this.#host = new HostImports(instance, limits)
  }

  /** Memories that came from the host. */
  get memories(): readonly TrackedMemory[] {
    return this.#host.memories
  }

  /** Pages of its memories, as the guest sees them. */
  get pages(): MemoryPages {
    return this.#host.pages
  }

  tracked(memory: WebAssembly.Memory): TrackedMemory | undefined {
    return this.#host.tracked(memory)
  }

  /** Makes all core instances, in their order; what that writes is how they begin. */
  instantiate(): void {
    for (const definition of this.#instance.program.coreInstances) this.#make(definition)
    for (const memory of this.memories) memory.forgetMarks()
  }

  /** An export of a core instance, or the function that a canonical definition gives. */
  item(item: CoreItem): WebAssembly.ImportValue {
    if (!('canon' in item)) {
      const value = this.#exportsOf(item.instance)[item.name]
      if (value === undefined) throw new WeftError('invalid', `a core instance exports no ${item.name}`)
      return value
    }
    const canon = this.#instance.program.canons[item.canon]
    if (!canon) throw new WeftError('invalid', `there is no canonical definition ${item.canon}`)
    this.#functions[item.canon] ??= this.#function(canon)
    return this.#functions[item.canon] as WebAssembly.ImportValue
  }

  #function(canon: Canon): WebAssembly.ImportValue {
    if (canon.do === 'lift') throw new WeftError('invalid', 'a lifted function is no core function')
    if (canon.do === 'lower') return loweredFunction(this.#instance, canon) as WebAssembly.ImportValue
    if (canon.do === 'builtin') return asyncFunction(this.#instance, canon) as WebAssembly.ImportValue
    return resourceFunction(this.#instance, canon)
  }

  #make({ module: number, imports }: CoreInstanceDefinition): void {
    const loaded = this.#modules[number]
    if (!loaded) throw new WeftError('internal', `the program has no core module ${number}`)
    const given: Record<string, WebAssembly.ModuleImports> = {}
    for (const [name, from] of imports) {
      given[name] = typeof from === 'number' ? this.#exportsOf(from) : this.#items(from)
    }
    const index = this.#exports.length
    const all = this.#host.of({ info: loaded.info, given, owner: () => this.#exportsOf(index) })
    const { exports } = new WebAssembly.Instance(loaded.module, all)
    this.#exports.push(exports)
    this.globals.push(
      Array.from(
        { length: loaded.info.globals },
        (_, global) => exports[`${hostModule}.${global}`] as WebAssembly.Global,
      ),
    )
  }

  #items(from: readonly (readonly [string, CoreItem])[]): WebAssembly.ModuleImports {
    const items: WebAssembly.ModuleImports = {}
    for (const [name, item] of from) items[name] = this.item(item)
    return items
  }

  #exportsOf(instance: number): WebAssembly.Exports {
    const exports = this.#exports[instance]
    if (!exports) throw new WeftError('invalid', `core instance ${instance} is used before it is made`)
    return exports
  }
}
