import type { InstanceImage } from '../component/core-instances.ts'
import type { InstanceReuse } from '../component-settings.ts'
import type { GuestInstance } from './guest-instance.ts'
import type { Invocation } from './invocation.ts'

/** Instances that nobody wanted for this long are let go, at the latest after twice as long. */
const idleMs = 10_000
/** Linear memory of the idle instances of one component on one thread. */
const mostIdleBytes = 256 * 1024 * 1024
/** An instance that has grown beyond this is made anew rather than kept. */
const mostKeptBytes = 64 * 1024 * 1024

/**
 * The instances of one component on one thread. An invocation gets one that is as good as new: made for it, or one that
 * served before and was reset so that its guest can't tell. With `reuse` it gets one as the last invocation left it.
 */
export class InstancePool {
  readonly #create: (invocation: Invocation) => GuestInstance
  readonly #reuse: InstanceReuse | undefined
  /** The one that served last comes last, and is taken first. */
  readonly #idle: GuestInstance[] = []
  /** The fewest that were idle at once since the last look: so many were not wanted. */
  #unwanted = 0
  /** Serving, with room for more at once. */
  readonly #shared = new Set<GuestInstance>()
  /** Idle and serving ones. */
  readonly #alive = new Set<GuestInstance>()
  #image: InstanceImage | undefined
  #trim: NodeJS.Timeout | undefined

  constructor(create: (invocation: Invocation) => GuestInstance, reuse: InstanceReuse | undefined) {
    this.#create = create
    this.#reuse = reuse
  }

  get idle(): number {
    return this.#idle.length
  }

  /** Linear memory of all of them. */
  get memoryBytes(): number {
    let sum = 0
    for (const instance of this.#alive) sum += instance.core.memoryBytes
    return sum
  }

  take(invocation: Invocation, mayShare: 'alone' | 'shared'): GuestInstance {
    const instance = this.#sharedOne(mayShare) ?? this.#idle.pop() ?? this.#make(invocation)
    this.#unwanted = Math.min(this.#unwanted, this.#idle.length)
    instance.begin()
    if (mayShare === 'shared' && this.#hasRoom(instance)) this.#shared.add(instance)
    else this.#shared.delete(instance)
    return instance
  }

  /** Gives it back when `invocation` is over. */
  give(instance: GuestInstance, invocation: Invocation): void {
    instance.end(invocation, this.#keeps(instance))
    this.#settle(instance)
  }

  /** Keeps it for a session, until `release`. */
  hold(instance: GuestInstance): void {
    instance.hold()
    this.#shared.delete(instance)
  }

  release(instance: GuestInstance): void {
    instance.release(this.#keeps(instance))
    this.#settle(instance)
  }

  /** What an instance that is given back keeps: nothing, unless it goes on as it is. */
  #keeps(instance: GuestInstance): 'handles' | 'nothing' {
    return this.#reuse || instance.active > 1 ? 'handles' : 'nothing'
  }

  #settle(instance: GuestInstance): void {
    if (instance.active > 0) return
    this.#shared.delete(instance)
    const bytes = instance.core.memoryBytes
    const isWhole = !instance.core.hasFailed && instance.core.isIdle && bytes <= mostKeptBytes
    // As many as would fit if all were of its size.
    const hasRoom = (this.#idle.length + 1) * bytes <= mostIdleBytes
    if (!isWhole || !hasRoom || !this.#renewed(instance)) {
      this.#letGo(instance)
      return
    }
    this.#idle.push(instance)
    this.#trim ??= setTimeout(() => this.#dropUnwanted(), idleMs).unref()
  }

  /** Lets go of all that are idle; those that serve go when they are given back. */
  clear(): void {
    clearTimeout(this.#trim)
    this.#trim = undefined
    this.#unwanted = 0
    for (const instance of this.#idle.splice(0)) this.#letGo(instance)
  }

  #letGo(instance: GuestInstance): void {
    this.#alive.delete(instance)
    // An idle component costs next to nothing.
    if (this.#alive.size === 0) this.#image = undefined
    instance.fail(gone)
  }

  #make(invocation: Invocation): GuestInstance {
    const instance = this.#create(invocation)
    this.#alive.add(instance)
    if (!this.#reuse && instance.core.isResettable) this.#image ??= instance.core.takeImage()
    return instance
  }

  #renewed(instance: GuestInstance): boolean {
    if (this.#reuse) return instance.served < this.#reuse.invocations
    if (!instance.core.isResettable || !this.#image) return false
    instance.reset(this.#image)
    return true
  }

  #sharedOne(mayShare: 'alone' | 'shared'): GuestInstance | undefined {
    if (mayShare === 'alone') return undefined
    for (const instance of this.#shared) if (!instance.core.hasFailed) return instance
    return undefined
  }

  #hasRoom(instance: GuestInstance): boolean {
    const { invocations, concurrent = 1 } = this.#reuse ?? { invocations: 1 }
    return instance.active < concurrent && instance.served < invocations
  }

  #dropUnwanted(): void {
    for (const instance of this.#idle.splice(0, this.#unwanted)) this.#letGo(instance)
    this.#unwanted = this.#idle.length
    this.#trim = this.#idle.length > 0 ? setTimeout(() => this.#dropUnwanted(), idleMs).unref() : undefined
  }
}

const gone = new Error('the instance is not kept')
