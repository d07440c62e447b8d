import type { InstanceImage } from '../component/core-instances.ts'
import { Instance, type InstanceOptions } from '../component/instance.ts'
import { Life } from '../component/life.ts'
import type { CliSettings } from '../component-settings.ts'
import { WeftError } from '../errors.ts'
import type { WitWorld } from '../wit/type.ts'
import type { Descriptors } from './held-open.ts'
import { CurrentInvocation } from './importing.ts'
import { importsFor } from './imports.ts'
import type { Invocation } from './invocation.ts'
import type { Network } from './network/network.ts'
import type { OpenVolume } from './volume/volumes.ts'
import type { WasiContext } from './wasi-context.ts'

export interface GuestInstanceOptions extends Omit<InstanceOptions, 'imports' | 'memories'> {
  readonly world: WitWorld
  readonly cli: CliSettings
  readonly volumes: readonly OpenVolume[]
  readonly network: Network
  readonly descriptors: Descriptors
}

const over = new WeftError('cancelled', 'the invocation is over')

/** What a guest sees as its own name, before its arguments. */
const programName = 'main.wasm'

/** An instance of a component with the host's imports around it. */
export class GuestInstance {
  readonly core: Instance
  /** Invocations that it has begun. */
  served = 0
  /** Invocations that run in it now. */
  active = 0
  #life: Life | undefined

  /**
   * `first` is the invocation that it is made for: what its start function does is done on its behalf. `memories` are those
   * of an instance before it.
   */
  constructor(
    { world, cli, volumes, network, descriptors, ...options }: GuestInstanceOptions,
    first: Invocation,
    memories?: InstanceOptions['memories'],
  ) {
    const current = new CurrentInvocation(
      () => (this.core?.current?.owner as Invocation | undefined) ?? first,
    )
    const alive = () => this.#alive
    const context: WasiContext = {
      args: [programName, ...(cli.args ?? [])],
      environment: cli.env ?? {},
      volumes,
      network,
      descriptors,
      warn: (text) => current.log.warn(text),
      commit: () => current.call.course.commit(),
      writeOutput: (stream, bytes) => current.output.write(stream, bytes),
      currentOutput: () => current.output.write,
      get life() {
        return alive()
      },
      get signal() {
        return alive().signal
      },
    }
    this.core = new Instance({ ...options, memories, imports: importsFor(world, current, context) })
  }

  begin(): void {
    this.served++
    this.active++
  }

  /** The invocation is over: what it holds open is freed. Resources that an instance keeps for the next one live on. */
  end(invocation: Invocation, keeps: 'handles' | 'nothing'): void {
    this.active--
    invocation.close()
    if (keeps === 'nothing') this.#endLife(over)
  }

  /** It serves on for a session although no invocation runs in it. */
  hold(): void {
    this.active++
  }

  release(keeps: 'handles' | 'nothing'): void {
    this.active--
    if (keeps === 'nothing') this.#endLife(over)
  }

  /** Ends it with everything that runs in it. */
  fail(reason: unknown): void {
    this.core.fail(reason)
    this.#endLife(reason)
  }

  reset(image: InstanceImage): void {
    this.core.reset(image)
  }

  get #alive(): Life {
    this.#life ??= new Life()
    return this.#life
  }

  #endLife(reason: unknown): void {
    this.#life?.end(reason)
    this.#life = undefined
  }
}
