import { WeftError } from '../errors.ts'
import { asyncFunction } from './async-functions.ts'
import { GuestResource, HandleTable } from './handle-table.ts'
import type { ImportObjects } from './host-function.ts'
import { type Lifted, liftedFunction, type RunningCall } from './lift.ts'
import { Lock } from './lock.ts'
import { loweredFunction } from './lower.ts'
import { MemoryContext, type ValueLimits } from './memory-context.ts'
import type { PreparedProgram } from './prepare.ts'
import type { Canon, CanonOptions, CoreInstanceDefinition, CoreItem } from './program.ts'
import { resourceFunction } from './resource-functions.ts'
import type { Task } from './task.ts'

export interface InstanceLimits extends ValueLimits {
  /** Handles that each component instance may hold. */
  readonly handles: number
}

export interface InstanceOptions {
  readonly program: PreparedProgram
  readonly modules: readonly WebAssembly.Module[]
  readonly imports: ImportObjects
  /** Imports that may wait, as `ns:pkg/iface@version#function`; async functions may anyway. */
  readonly suspending: ReadonlySet<string>
  readonly limits: InstanceLimits
}

/** A component, instantiated: its core modules linked with each other and with the host. */
export class Instance {
  readonly program: PreparedProgram
  readonly imports: ImportObjects
  readonly suspending: ReadonlySet<string>
  /** The task whose code runs, or ran last. */
  current: Task | undefined
  readonly #modules: readonly WebAssembly.Module[]
  readonly #limits: InstanceLimits
  readonly #handles: HandleTable[] = []
  readonly #locks: Lock[] = []
  readonly #coreInstances: WebAssembly.Exports[] = []
  readonly #contexts = new Map<string, MemoryContext>()
  readonly #coreFunctions: WebAssembly.ImportValue[] = []
  readonly #lifted: Lifted[] = []
  readonly #tasks = new Set<Task>()
  /** Within `realloc` and `post-return` a guest may call nothing. */
  #mayLeave = true
  /** Why the guest's stack can't be suspended now; undefined when it can. */
  #stuckIn: string | undefined = 'its start function'
  #failure: { readonly reason: unknown } | undefined

  constructor({ program, modules, imports, suspending, limits }: InstanceOptions) {
    this.program = program
    this.imports = imports
    this.suspending = suspending
    this.#modules = modules
    this.#limits = limits
    for (const definition of program.coreInstances) this.#instantiate(definition)
    this.#stuckIn = undefined
  }

  /** Calls an exported function (`''` for one of the world itself); its result is a plain value. */
  call(interfaceId: string, name: string, args: readonly unknown[]): RunningCall {
    const found = this.program.exports.find((one) => one.interface === interfaceId && one.name === name)
    if (found?.func.from !== 'lift')
      throw new WeftError('not_found', `the component exports no ${interfaceId}#${name}`)
    return this.callLifted(found.func.canon, args)
  }

  callLifted(canon: number, args: readonly unknown[]): RunningCall {
    const known = this.#lifted[canon]
    if (known) return known(args)
    const definition = this.program.canons[canon]
    if (definition?.do !== 'lift') throw new WeftError('internal', `canon ${canon} is no lifted function`)
    const lifted = liftedFunction(this, definition)
    this.#lifted[canon] = lifted
    return lifted(args)
  }

  /** Ends everything that runs in it; it can't be called again. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    for (const task of this.#tasks) task.fail(reason)
    this.#tasks.clear()
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** Runs a task to its end; what it throws fails the whole instance, as a trap does. */
  async running(task: Task, work: () => Promise<void>): Promise<void> {
    if (this.#failure) {
      task.fail(this.#failure.reason)
      throw this.#failure.reason
    }
    this.#tasks.add(task)
    this.current = task
    try {
      await work()
    } catch (error) {
      this.fail(error)
      throw error
    } finally {
      this.#tasks.delete(task)
    }
  }

  task(): Task {
    if (!this.current) throw new WebAssembly.RuntimeError('the guest asked for its task outside of one')
    return this.current
  }

  handles(instance: number): HandleTable {
    this.#handles[instance] ??= new HandleTable(instance, this.#limits.handles)
    return this.#handles[instance]
  }

  lock(instance: number): Lock {
    this.#locks[instance] ??= new Lock()
    return this.#locks[instance]
  }

  /** The memory that a canonical definition reads and writes. */
  contextOf({
    instance,
    options,
  }: {
    readonly instance: number
    readonly options: CanonOptions
  }): MemoryContext {
    const { memory, realloc, encoding } = options
    const key = `${instance} ${keyOf(memory)} ${keyOf(realloc)} ${encoding}`
    const known = this.#contexts.get(key)
    if (known) return known
    const made = new MemoryContext({
      encoding,
      handles: this.handles(instance),
      memory: memory && (this.coreItem(memory) as WebAssembly.Memory),
      realloc: realloc && this.quiet(this.coreItem(realloc) as Realloc),
      limits: this.#limits,
    })
    this.#contexts.set(key, made)
    return made
  }

  /** Nobody holds the resource any more. */
  dispose(rep: unknown): void {
    if (!(rep instanceof GuestResource)) {
      const dispose: unknown = Reflect.get(rep as object, Symbol.dispose)
      if (typeof dispose === 'function') dispose.call(rep)
      return
    }
    const definition = this.program.resources[rep.resource]
    if (definition?.kind !== 'defined' || !definition.destructor) return
    const destructor = this.coreItem(definition.destructor) as unknown as (rep: number) => void
    const before = this.#stuckIn
    this.#stuckIn = 'a destructor'
    destructor(rep.rep)
    this.#stuckIn = before
  }

  checkMayLeave(name: string): void {
    if (!this.#mayLeave)
      throw new WebAssembly.RuntimeError(`the guest called ${name} in its realloc or post-return function`)
  }

  checkMaySuspend(name: string): void {
    if (this.#stuckIn !== undefined)
      throw new WebAssembly.RuntimeError(
        `the guest called ${name}, which must wait, in ${this.#stuckIn}, which can't`,
      )
  }

  /** A function during which the guest may not call out. */
  quiet<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      this.#mayLeave = false
      const result = fn(...args)
      this.#mayLeave = true
      return result
    }
  }

  /** What a core module is given, or what the host asks of one. */
  coreItem(item: CoreItem): WebAssembly.ImportValue {
    if (!('canon' in item)) {
      const value = this.#exportsOf(item.instance)[item.name]
      if (value === undefined) throw new WeftError('invalid', `a core instance exports no ${item.name}`)
      return value
    }
    const canon = this.program.canons[item.canon]
    if (!canon) throw new WeftError('invalid', `there is no canonical definition ${item.canon}`)
    this.#coreFunctions[item.canon] ??= this.#coreFunction(canon)
    return this.#coreFunctions[item.canon] as WebAssembly.ImportValue
  }

  #coreFunction(canon: Canon): WebAssembly.ImportValue {
    if (canon.do === 'lift') throw new WeftError('invalid', 'a lifted function is no core function')
    if (canon.do === 'lower') return loweredFunction(this, canon) as WebAssembly.ImportValue
    if (canon.do === 'builtin') return asyncFunction(this, canon) as WebAssembly.ImportValue
    return resourceFunction(this, canon)
  }

  #instantiate({ module: number, imports }: CoreInstanceDefinition): void {
    const module = this.#modules[number]
    if (!module) throw new WeftError('internal', `the program has no core module ${number}`)
    const given: Record<string, WebAssembly.ModuleImports> = {}
    for (const [name, from] of imports) {
      given[name] =
        typeof from === 'number'
          ? this.#exportsOf(from)
          : Object.fromEntries(from.map(([item, ref]) => [item, this.coreItem(ref)]))
    }
    this.#coreInstances.push(new WebAssembly.Instance(module, given).exports)
  }

  #exportsOf(instance: number): WebAssembly.Exports {
    const exports = this.#coreInstances[instance]
    if (!exports) throw new WeftError('invalid', `core instance ${instance} is used before it is made`)
    return exports
  }
}

type Realloc = (old: number, oldSize: number, align: number, size: number) => number

function keyOf(item: CoreItem | undefined): string {
  if (!item) return '-'
  return 'canon' in item ? `c${item.canon}` : `${item.instance}.${item.name}`
}
