import { preciseNow } from '../clock.ts'
import type { InstanceImage } from '../component/core-instances.ts'
import type { Garbage } from '../component/garbage.ts'
import type { TrackedMemory } from '../component/tracked-memory.ts'
import type { InstanceReuse } from '../component-settings.ts'
import type { GuestInstance } from './guest-instance.ts'
import type { Invocation } from './invocation.ts'
import { Stock } from './stock.ts'

/** Instances that nobody wanted for this long are let go, at the latest after twice as long. */
const idleMs = 10_000
/** Linear memory that one component keeps on one thread while it is idle: of instances, and of some that are gone. */
const mostIdleBytes = 256 * 1024 * 1024
/** An instance that has grown beyond this is made anew rather than kept. */
const mostKeptBytes = 64 * 1024 * 1024

/** The memories of one instance. */
type Memories = readonly TrackedMemory[]

/** Makes an instance, out of the memories of one that is gone where there are some. */
export type MakeInstance = (invocation: Invocation, memories: Memories | undefined) => GuestInstance

/**
 * The instances of one component on one thread. An invocation gets one that is as good as new: made for it, or one that
 * served before and was reset so that its guest can't tell. With `reuse` it gets one as the last invocation left it. Of one
 * that is not kept, because its guest trapped or changed its tables, the memories are, wiped: to map new ones and to fault
 * their pages in takes longer than all else that making an instance does, and stops the process' other threads.
 */
export class InstancePool {
  readonly #create: MakeInstance
  readonly #garbage: Garbage
  readonly #reuse: InstanceReuse | undefined
  readonly #idle = new Stock<GuestInstance>()
  /** Of instances that are gone. */
  readonly #memories = new Stock<Memories>()
  /** Serving, with room for more at once. */
  readonly #shared = new Set<GuestInstance>()
  /** Idle and serving ones. */
  readonly #alive = new Set<GuestInstance>()
  #isClosed = false
  #image: InstanceImage | undefined
  #trim: NodeJS.Timeout | undefined

  constructor(create: MakeInstance, garbage: Garbage, reuse: InstanceReuse | undefined) {
    this.#create = create
    this.#garbage = garbage
    this.#reuse = reuse
  }

  get idle(): number {
    return this.#idle.length
  }

  /** Linear memory of all of them, and what is kept of those that are gone. */
  get memoryBytes(): number {
    let sum = this.#memories.bytes
    for (const instance of this.#alive) sum += instance.core.memoryBytes
    return sum
  }

  take(invocation: Invocation, mayShare: 'alone' | 'shared'): GuestInstance {
    const instance = this.#sharedOne(mayShare) ?? this.#idle.take() ?? this.#make(invocation)
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
    const isKept = !this.#isClosed && this.#fits(bytes)
    if (!isKept) this.#drop(instance)
    else if (!instance.core.hasFailed && instance.core.isIdle && this.#renewed(instance))
      this.#idle.put(instance, bytes)
    else {
      this.#letGo(instance)
      const memories = instance.core.retire()
      if (memories) this.#memories.put(memories, bytes)
      else this.#garbage.add(bytes)
    }
    if (isKept) this.#trim ??= setTimeout(() => this.#dropUnwanted(), idleMs).unref()
  }

  #fits(bytes: number): boolean {
    return bytes <= mostKeptBytes && this.#idle.bytes + this.#memories.bytes + bytes <= mostIdleBytes
  }

  /** Lets go of all that are idle, for good; those that serve go when they are given back. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#trim)
    this.#trim = undefined
    for (const instance of this.#idle.takeAll()) this.#drop(instance)
    for (const memories of this.#memories.takeAll()) this.#garbage.add(bytesOf(memories))
  }

  #drop(instance: GuestInstance): void {
    this.#letGo(instance)
    this.#garbage.add(instance.core.memoryBytes)
  }

  #letGo(instance: GuestInstance): void {
    this.#alive.delete(instance)
    // An idle component costs next to nothing.
    if (this.#alive.size === 0) this.#image = undefined
    instance.fail(gone)
  }

  #make(invocation: Invocation): GuestInstance {
    const start = preciseNow()
    const instance = this.#create(invocation, this.#memories.take())
    this.#alive.add(instance)
    if (!this.#reuse && instance.core.isResettable) this.#image ??= instance.core.takeImage()
    invocation.call.course.record({ name: 'instantiated', start, end: preciseNow() })
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
    for (const instance of this.#idle.takeUnwanted()) this.#drop(instance)
    for (const memories of this.#memories.takeUnwanted()) this.#garbage.add(bytesOf(memories))
    const isLeft = this.#idle.length + this.#memories.length > 0
    this.#trim = isLeft ? setTimeout(() => this.#dropUnwanted(), idleMs).unref() : undefined
  }
}

function bytesOf(memories: Memories): number {
  return memories.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0)
}

const gone = new Error('the instance is not kept')
