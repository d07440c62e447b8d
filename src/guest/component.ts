import type { Call, Operation } from '../call/call.ts'
import { offAbort, onAbort } from '../call/call-abort.ts'
import type { CallSession } from '../call/session.ts'
import { preciseNow } from '../clock.ts'
import type { LoadedModule } from '../component/instance.ts'
import { Pace } from '../component/pace.ts'
import { type PreparedProgram, prepare } from '../component/prepare.ts'
import type { ComponentSettings, NetworkLid } from '../component-settings.ts'
import { WeftError } from '../errors.ts'
import { timerMs } from '../timer-ms.ts'
import type { WitInterface, WitWorld } from '../wit/type.ts'
import { readCached, readLines } from './cache.ts'
import { asyncExports, exportRunner, type RunExport } from './exports.ts'
import { GuestInstance } from './guest-instance.ts'
import type { FindLines } from './guest-stack.ts'
import { Descriptors } from './held-open.ts'
import { openedBucket } from './imports.ts'
import { InstancePool, type MakeInstance } from './instance-pool.ts'
import { type ComponentServices, Invocation } from './invocation.ts'
import { type FullLimits, limitsFor } from './limits.ts'
import { Network } from './network/network.ts'
import { servedInterfaces } from './served.ts'
import { failureOf } from './trap.ts'
import {
  type HostVolumes,
  type OpenVolume,
  openVolumes,
  releaseVolumes,
  retainVolumes,
} from './volume/volumes.ts'

/** How a component is run on one thread. */
export interface RunOptions {
  readonly settings?: ComponentSettings
  /** What the thread's guests share. */
  readonly pace?: Pace
  /** What the host's operator lets guests use; none when left out. */
  readonly hostVolumes?: HostVolumes
  /** How much of the network its operator lets manifests grant; `any` when left out. */
  readonly networkLid?: NetworkLid
}

interface ComponentParts {
  readonly program: PreparedProgram
  readonly modules: readonly LoadedModule[]
  readonly volumes: readonly OpenVolume[]
  readonly network: Network
  readonly linesOf: FindLines
}

/** A compiled component, loaded on this thread. */
export class GuestComponent {
  readonly world: WitWorld
  /** The interfaces it answers in the lattice: `wasi:http` handlers appear as `wrpc:http/incoming-handler`. */
  readonly serves: readonly WitInterface[]
  readonly #program: PreparedProgram
  readonly #modules: readonly LoadedModule[]
  readonly #pace: Pace
  readonly #hostVolumes: HostVolumes
  readonly #networkLid: NetworkLid | undefined
  #volumes: readonly OpenVolume[]
  #network: Network
  readonly #descriptors = new Descriptors()
  #limits: FullLimits
  #pool: InstancePool
  /** Instances that hold the resources of sessions under way. */
  readonly #sessions = new WeakMap<
    CallSession,
    { readonly pool: InstancePool; readonly instance: GuestInstance }
  >()
  readonly #linesOf: FindLines
  readonly #runExport: RunExport
  /** Only async exports can be entered while another runs. */
  readonly #isAsync: (operation: Operation) => boolean

  private constructor(
    world: WitWorld,
    { program, modules, volumes, network, linesOf }: ComponentParts,
    { settings = {}, pace = new Pace(), hostVolumes = {}, networkLid }: RunOptions,
  ) {
    this.world = world
    this.serves = servedInterfaces(world)
    this.#runExport = exportRunner(world)
    this.#isAsync = asyncExports(world)
    this.#program = program
    this.#modules = modules
    this.#linesOf = linesOf
    this.#pace = pace
    this.#hostVolumes = hostVolumes
    this.#networkLid = networkLid
    this.#volumes = volumes
    this.#network = network
    this.#limits = limitsFor(settings.limits)
    this.#pool = this.#newPool(settings)
  }

  /** Loads what the compile queue wrote to `path`, and opens its volumes; `denied` where the host does not give one. */
  static async load(path: string, options: RunOptions = {}): Promise<GuestComponent> {
    const { world, program, modules } = await readCached(path)
    const loaded = await Promise.all(
      modules.map(async ({ bytes, info }) => ({
        info,
        module: await WebAssembly.compile(bytes as BufferSource),
      })),
    )
    const network = networkFor(options.settings, options.networkLid)
    const volumes = await openVolumes(options.settings?.volumes, options.hostVolumes)
    const linesOf = (module: number) => readLines(path, module)
    return new GuestComponent(
      world,
      { program: prepare(program), modules: loaded, volumes, network, linesOf },
      options,
    )
  }

  /** Calls from now on run under these settings. */
  async configure(settings: ComponentSettings): Promise<void> {
    const before = this.#volumes
    const network = networkFor(settings, this.#networkLid)
    this.#volumes = await openVolumes(settings.volumes, this.#hostVolumes)
    releaseVolumes(before)
    this.#network.http.retire()
    this.#network = network
    this.#limits = limitsFor(settings.limits)
    this.#pool.close()
    this.#pool = this.#newPool(settings)
  }

  /** Instances kept ready for the next calls. */
  get ready(): number {
    return this.#pool.idle
  }

  /** Linear memory of its live instances. */
  get memoryBytes(): number {
    return this.#pool.memoryBytes
  }

  /** Lets go of what it keeps ready. */
  close(): void {
    this.#pool.close()
    releaseVolumes(this.#volumes)
    this.#network.http.retire()
  }

  /** Answers `call`, unless it was given up before. Its instance serves on while a body streams: see `call.course`. */
  async run(call: Call, services: ComponentServices): Promise<unknown> {
    if (call.signal.aborted) throw WeftError.from(call.signal.reason)
    const invocation = new Invocation(call, services)
    const pool = (call.session && this.#sessions.get(call.session)?.pool) ?? this.#pool
    const volumes = retainVolumes(this.#volumes)
    let instance: GuestInstance | undefined
    let timer: NodeJS.Timeout | undefined
    let deadline = call.context.deadline
    let failure: WeftError | undefined
    const failed = (thrown: unknown) => {
      // A guest at work is stopped by the clock that it looks at, one that waits by the timer.
      const isOutOfTime = instance?.core.ranOn && isDeadline(thrown) && deadline < call.context.deadline
      failure ??= this.#failed(isOutOfTime ? outOfTime(call) : thrown, invocation, instance)
      return failure
    }
    const giveUp = () => instance?.fail(call.signal.reason)
    const end = () => {
      clearTimeout(timer)
      offAbort(call.signal, giveUp)
      // A guest that went on without what it was refused has hit its limit all the same.
      const refusedBy = instance?.core.takeRefusal()
      if (refusedBy) services.limitHit(refusedBy)
      if (instance) pool.give(instance, invocation)
      else invocation.close()
      releaseVolumes(volumes)
    }
    onAbort(call.signal, giveUp)
    let result: unknown
    try {
      const { requestBytes, timeMs } = this.#limits
      const start = timeMs === undefined ? 0 : preciseNow()
      const taken = call.session
        ? this.#takeFor(call.session, invocation)
        : pool.take(invocation, this.#isAsync(call.operation) ? 'shared' : 'alone')
      instance = taken
      deadline = Math.min(deadline, start + (timeMs ?? Number.POSITIVE_INFINITY))
      if (deadline < call.context.deadline)
        timer = setTimeout(() => taken.fail(outOfTime(call)), timerMs(deadline - start))
      result = await this.#runExport(taken.core, {
        call,
        owner: invocation,
        deadline,
        requestBytes,
        failed,
        bucket: (name) => openedBucket(this.world, invocation, name),
      })
    } catch (thrown) {
      failed(thrown)
      end()
      throw failure
    }
    call.course.afterHeld((late) => {
      if (late !== undefined) failed(late)
      end()
    })
    return result
  }

  /** The instance that has answered the session before; the first one is kept until the session is over. */
  #takeFor(session: CallSession, invocation: Invocation): GuestInstance {
    const { target } = invocation.call
    const kept = session.pinned(target, this) && this.#sessions.get(session)
    if (kept) {
      kept.instance.begin()
      return kept.instance
    }
    const pool = this.#pool
    const instance = pool.take(invocation, 'alone')
    pool.hold(instance)
    this.#sessions.set(session, { pool, instance })
    session.pin(target, {
      component: this,
      dispose: (resource) => {
        if (!instance.core.hasFailed) instance.core.dispose(resource)
      },
      end: () => pool.release(instance),
    })
    return instance
  }

  #failed(thrown: unknown, invocation: Invocation, instance: GuestInstance | undefined): WeftError {
    const refusedBy = instance?.core.takeRefusal()
    const { call, log, services } = invocation
    const failure = failureOf(thrown, call, {
      log,
      linesOf: this.#linesOf,
      ...(instance && { callers: instance.core.callers }),
      ...(refusedBy && { refusedBy }),
    })
    const limit = failure.limit ?? refusedBy
    if (limit) services.limitHit(limit)
    // Without an instance it was its start function that ran on.
    const ranOn = instance ? instance.core.ranOn : failure.code === 'deadline'
    if (failure.code === 'trapped') services.trapped()
    if (failure.code === 'trapped' || refusedBy || ranOn) services.offended()
    return failure
  }

  #newPool({ reuse, cli = {} }: ComponentSettings): InstancePool {
    const { bufferedBytes, handles, memoryBytes, tableElements } = this.#limits
    const options = {
      world: this.world,
      cli,
      volumes: this.#volumes,
      network: this.#network,
      descriptors: this.#descriptors,
      program: this.#program,
      modules: this.#modules,
      limits: { bufferedBytes, handles, memoryBytes, tableElements },
      pace: this.#pace,
    }
    const make: MakeInstance = (invocation, memories) => new GuestInstance(options, invocation, memories)
    return new InstancePool(make, this.#pace.garbage, reuse)
  }
}

function isDeadline(thrown: unknown): boolean {
  return thrown instanceof WeftError && thrown.code === 'deadline'
}

function outOfTime(call: Call): WeftError {
  return new WeftError('deadline', `component ${call.target} reached the time limit of its manifest`, {
    limit: 'time',
  })
}

function networkFor({ network }: ComponentSettings = {}, lid?: NetworkLid): Network {
  return new Network(network, lid && { lid })
}
