import { preciseNow } from '../clock.ts'
import { type LimitName, WeftError } from '../errors.ts'
import type { Borrows } from './borrows.ts'
import { Confines } from './confines.ts'
import { CoreInstances, type InstanceImage } from './core-instances.ts'
import { GuestResource, HandleTable } from './handle-table.ts'
import type { ImportObjects } from './host-function.ts'
import type { ModuleInfo } from './instrument.ts'
import { type Lifted, liftedFunction, type RunningCall } from './lift.ts'
import { Lock } from './lock.ts'
import { MemoryContext, type ValueLimits } from './memory-context.ts'
import type { Pace } from './pace.ts'
import type { PreparedProgram } from './prepare.ts'
import type { CanonOptions, CoreItem } from './program.ts'
import { Subtask } from './subtask.ts'
import type { Task, TaskOptions } from './task.ts'
import type { TrackedMemory } from './tracked-memory.ts'
import { TransferEnd } from './transfer-end.ts'

export interface InstanceLimits extends ValueLimits {
  /** Handles that each component instance may hold. */
  readonly handles: number
  /** Linear memory, summed over its memories. */
  readonly memoryBytes: number
  /** Elements, summed over its tables. */
  readonly tableElements: number
}

/** A core module ready to be instantiated. */
export interface LoadedModule {
  readonly module: WebAssembly.Module
  readonly info: ModuleInfo
}

export interface InstanceOptions {
  readonly program: PreparedProgram
  readonly modules: readonly LoadedModule[]
  readonly imports: ImportObjects
  readonly limits: InstanceLimits
  readonly pace: Pace
  /** What `retire` gave of another instance of the component, under the same limits. */
  readonly memories?: readonly TrackedMemory[] | undefined
}

/** A component, instantiated: its core modules linked with each other and with the host. */
export class Instance {
  readonly program: PreparedProgram
  readonly imports: ImportObjects
  readonly pace: Pace
  /** The task whose code runs, or ran last. */
  current: Task | undefined
  /** Whether `reset` can make it as good as new. */
  isResettable: boolean
  readonly #limits: InstanceLimits
  readonly #core: CoreInstances
  readonly #handles: HandleTable[] = []
  readonly #locks: Lock[] = []
  readonly #contexts = new Map<string, MemoryContext>()
  readonly #lifted: Lifted[] = []
  /** Few at any time. (A set that changes with every call keeps each alive until the next full collection.) */
  readonly #tasks: Task[] = []
  readonly #confines = new Confines()
  #failure: { readonly reason: unknown } | undefined
  #failedIn: Task | undefined
  #limitHit: LimitName | undefined
  #ranOn = false
  #isRetired = false

  constructor({ program, modules, imports, limits, pace, memories = [] }: InstanceOptions) {
    this.program = program
    this.imports = imports
    this.pace = pace
    this.#limits = limits
    this.isResettable = modules.every(({ info }) => info.isResettable)
    this.#core = new CoreInstances(this, modules, { limits, memories })
    pace.begin()
    pace.enter()
    try {
      this.#confines.within(starting, () => this.#core.instantiate())
    } finally {
      pace.end()
    }
  }

  /** Calls an exported function (`''` for one of the world itself); its result is a plain value. */
  call(
    { interface: id, name }: { readonly interface: string; readonly name: string },
    args: readonly unknown[],
    options: TaskOptions,
  ): RunningCall {
    const found = this.program.exports.find((one) => one.interface === id && one.name === name)
    if (found?.func.from !== 'lift')
      throw new WeftError('not_found', `the component exports no ${id}#${name}`)
    return this.callLifted(found.func.canon, args, options)
  }

  callLifted(canon: number, args: readonly unknown[], options: TaskOptions): RunningCall {
    return this.#liftedFunction(canon).start(args, options)
  }

  /** One component instance of it calls another, with what it lends it; where nothing can wait the result is no promise. */
  callWithin(canon: number, args: readonly unknown[], borrows: Borrows): unknown {
    const { owner, deadline } = this.current ?? { owner: undefined, deadline: Number.POSITIVE_INFINITY }
    const options = { owner, deadline, borrows, caller: this.current }
    const lifted = this.#liftedFunction(canon)
    if (!this.maySuspend) return lifted.runNow(args, options)
    const caller = this.current
    const { result } = lifted.start(args, options)
    // A caller that does not wait goes on at once.
    this.current = caller
    return result
  }

  /** Ends everything that runs in it; it can't be called again. */
  fail(reason: unknown): void {
    this.#failure ??= { reason }
    for (const task of [...this.#tasks]) task.fail(reason)
  }

  /** What called the function that failed, from one component instance to the next, innermost first. */
  get callers(): readonly string[] {
    const names: string[] = []
    for (let task = this.#failedIn?.caller; task; task = task.caller) names.push(task.name)
    return names
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  /** True when no task is in it. */
  get isIdle(): boolean {
    return this.#tasks.length === 0
  }

  /** Runs a task to its end; what it throws fails the whole instance, as a trap does. */
  async run(task: Task, work: () => Promise<void>): Promise<void> {
    if (this.#failure) return task.fail(this.#failure.reason)
    this.#tasks.push(task)
    this.current = task
    this.pace.begin()
    try {
      await work()
      task.exit()
    } catch (error) {
      this.#failedIn ??= task
      this.fail(error)
    } finally {
      this.pace.end()
      this.#tasks.splice(this.#tasks.indexOf(task), 1)
    }
  }

  /** `task` runs, or goes on after a wait; throws when the instance has failed meanwhile. */
  enter(task: Task | undefined): void {
    if (this.#failure) throw this.#failure.reason
    this.current = task
    this.pace.enter()
  }

  /** The stack of `task` goes on; since its wait was over others may have been entered. */
  resume(task: Task | undefined): void {
    if (this.#failure) throw this.#failure.reason
    this.current = task
  }

  /** The task that runs. */
  task(): Task {
    if (!this.current) throw new WebAssembly.RuntimeError('the guest asked for its task outside of one')
    return this.current
  }

  /** Guest code asks whether to let others have a turn; throws when it has had all its time. */
  check(): number {
    const task = this.current
    const now = preciseNow()
    const isSliceOver = this.pace.isSliceOver()
    const { where } = this.#confines
    const isLate = this.#confines.holdsUp(now) || (task !== undefined && now > task.deadline)
    this.#ranOn = isLate || task?.life.over !== undefined
    task?.life.throwIfOver()
    if (isLate) {
      const told = where === undefined ? '' : ` in ${where}`
      throw new WeftError('deadline', `the guest ran on${told} until its time was over, and was stopped`)
    }
    return isSliceOver && where === undefined ? 1 : 0
  }

  /** The guest was refused something that it may take badly: if it traps then, that is why. */
  limitHit(limit: LimitName): void {
    this.#limitHit = limit
  }

  /** The limit that the guest was refused something for since this was asked last. */
  takeRefusal(): LimitName | undefined {
    const limit = this.#limitHit
    this.#limitHit = undefined
    return limit
  }

  /** True when it was at work, not waiting, when it was stopped. */
  get ranOn(): boolean {
    return this.#ranOn
  }

  /** Others on the thread have their turn. */
  async yield(): Promise<void> {
    await this.pace.turn()
    this.#ranOn = this.#failure !== undefined
    if (this.#failure) throw this.#failure.reason
  }

  /** What it is before its first call: what `reset` makes any instance of the same component again. */
  takeImage(): InstanceImage {
    return this.#core.takeImage()
  }

  /** Makes it what it was when it was new; only when `isIdle` and `isResettable`. */
  reset(image: InstanceImage): void {
    this.releaseHandles()
    this.#limitHit = undefined
    this.#core.restore(image)
    this.current = undefined
  }

  /**
   * Ends it for good and gives its memories, all zero, for the next instance. Undefined when something of it may still read
   * or write them: a task that has not come back, a read or a call that is under way.
   */
  retire(): readonly TrackedMemory[] | undefined {
    this.fail(retired)
    if (this.#isRetired || !this.isIdle || this.#handles.some((handles) => handles?.hasUnfinished))
      return undefined
    this.#isRetired = true
    for (const context of this.#contexts.values()) context.close()
    return this.#core.wipedMemories()
  }

  /** Takes away every handle that the guest still holds. */
  releaseHandles(): void {
    for (const handles of this.#handles) {
      for (const entry of handles?.clear() ?? []) {
        if (entry instanceof TransferEnd) entry.release()
        else if (entry instanceof Subtask) entry.cancel()
        else if ('rep' in entry && entry.own && !(entry.rep instanceof GuestResource)) this.dispose(entry.rep)
      }
    }
  }

  /** Bytes of all its memories. */
  get memoryBytes(): number {
    return this.#core.memoryBytes
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
    const own = memory && (this.coreItem(memory) as WebAssembly.Memory)
    const touched = own && this.#core.tracked(own)?.touched
    const made = new MemoryContext({
      encoding,
      handles: this.handles(instance),
      memory: own,
      realloc: realloc && this.quiet(this.coreItem(realloc) as Realloc),
      limits: this.#limits,
      ...(touched && { touched }),
    })
    this.#contexts.set(key, made)
    return made
  }

  /** Nobody holds the resource any more. */
  dispose(rep: unknown): void {
    if (!(rep instanceof GuestResource)) {
      ;(rep as Partial<Disposable>)[Symbol.dispose]?.()
      return
    }
    if (this.#isRetired) return
    const definition = this.program.resources[rep.resource]
    if (definition?.kind !== 'defined' || !definition.destructor) return
    const destructor = this.coreItem(definition.destructor) as unknown as (rep: number) => void
    this.#confines.within('a destructor', () => destructor(rep.rep))
  }

  /** The guest calls an import. */
  checkCall(name: string): void {
    // What a start function learns of the world may be another thing for the next instance.
    if (this.#confines.where === starting) this.isResettable = false
    if (this.#confines.isQuiet)
      throw new WebAssembly.RuntimeError(`the guest called ${name} in ${this.#confines.where}`)
  }

  get maySuspend(): boolean {
    return this.#confines.where === undefined
  }

  /** The import that the guest called has to wait. */
  checkMaySuspend(name: string): void {
    const { where } = this.#confines
    if (where !== undefined)
      throw new WebAssembly.RuntimeError(
        `the guest called ${name}, which must wait, in ${where}, which can't`,
      )
  }

  /** A function during which the guest may not call out. */
  quiet<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
    return this.#confines.quiet(fn)
  }

  /** What a core module is given, or what the host asks of one. */
  coreItem(item: CoreItem): WebAssembly.ImportValue {
    if (this.#isRetired) throw retired
    return this.#core.item(item)
  }

  #liftedFunction(canon: number): Lifted {
    const known = this.#lifted[canon]
    if (known) return known
    const definition = this.program.canons[canon]
    if (definition?.do !== 'lift') throw new WeftError('internal', `canon ${canon} is no lifted function`)
    const made = liftedFunction(this, definition)
    this.#lifted[canon] = made
    return made
  }
}

const retired = new WeftError('internal', 'the instance is gone, and its memory is of another one')
const starting = 'its start function'

type Realloc = (old: number, oldSize: number, align: number, size: number) => number

function keyOf(item: CoreItem | undefined): string {
  if (!item) return '-'
  return 'canon' in item ? `c${item.canon}` : `${item.instance}.${item.name}`
}
