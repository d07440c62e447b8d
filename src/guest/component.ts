import type { Call } from '../call/call.ts'
import { preciseNow } from '../call/course.ts'
import { Instance } from '../component/instance.ts'
import { type PreparedProgram, prepare } from '../component/prepare.ts'
import { WeftError } from '../errors.ts'
import type { WitInterface, WitWorld } from '../wit/type.ts'
import { readCached } from './cache.ts'
import { runExport } from './exports.ts'
import { importsFor } from './imports.ts'
import { type ComponentServices, Invocation } from './invocation.ts'
import { outputLines } from './output-lines.ts'
import { servedInterfaces } from './served.ts'
import { suspendingImports } from './suspending.ts'
import { failureOf } from './trap.ts'

const limits = { bufferedBytes: 256 * 1024 * 1024, handles: 100_000 }

/** A compiled component, loaded on this thread. Each call runs in an instance of its own. */
export class GuestComponent {
  readonly world: WitWorld
  /** The interfaces it answers in the lattice: `wasi:http` handlers appear as `wrpc:http/incoming-handler`. */
  readonly serves: readonly WitInterface[]
  readonly #program: PreparedProgram
  readonly #modules: readonly WebAssembly.Module[]
  readonly #suspending: ReadonlySet<string>

  private constructor(world: WitWorld, program: PreparedProgram, modules: readonly WebAssembly.Module[]) {
    this.world = world
    this.serves = servedInterfaces(world)
    this.#program = program
    this.#modules = modules
    this.#suspending = suspendingImports(world)
  }

  /** Loads what the compile queue wrote to `path`. */
  static async load(path: string): Promise<GuestComponent> {
    const { world, program, modules } = await readCached(path)
    const compiled = await Promise.all(modules.map((bytes) => WebAssembly.compile(bytes as BufferSource)))
    return new GuestComponent(world, prepare(program), compiled)
  }

  /** Answers `call` in a fresh instance. The instance lives on while a body streams: see `call.course`. */
  async run(call: Call, services: ComponentServices): Promise<unknown> {
    const invocation = new Invocation(call, services)
    const output = outputLines(invocation.log)
    const life = new AbortController()
    let instance: Instance | undefined
    const end = (reason: unknown) => {
      call.signal.removeEventListener('abort', giveUp)
      // Frees what the guest has left open, and ends what it still does.
      life.abort(reason)
      instance?.fail(reason)
      output.flush()
    }
    const giveUp = () => {
      life.abort(call.signal.reason)
      instance?.fail(call.signal.reason)
    }
    call.signal.addEventListener('abort', giveUp, { once: true })
    const context = { args: ['main.wasm'], environment: {}, writeOutput: output.write, signal: life.signal }
    try {
      const start = preciseNow()
      instance = new Instance({
        program: this.#program,
        modules: this.#modules,
        imports: importsFor(this.world, invocation, context),
        suspending: this.#suspending,
        limits,
      })
      const ready = preciseNow()
      call.course.record({ name: 'instantiated', start, end: ready })
      const result = await runExport(instance, this.world, call)
      call.course.record({ name: 'executed', start: ready, end: preciseNow() })
      const held = call.course.held
      if (!held) end(over)
      else {
        void held.then((failure) => {
          // Nobody else would tell of a guest that traps after its answer is out.
          if (failure !== undefined) failureOf(failure, call, invocation.log)
          end(over)
        })
      }
      return result
    } catch (thrown) {
      end(over)
      throw failureOf(thrown, call, invocation.log)
    }
  }
}

const over = new WeftError('cancelled', 'the invocation is over')
