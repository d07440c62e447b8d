import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Call } from '../call/call.ts'
import { preciseNow } from '../call/course.ts'
import { WeftError } from '../errors.ts'
import type { WitInterface, WitWorld } from '../wit/type.ts'
import { runExport } from './exports.ts'
import { type ImportObjects, importsFor } from './imports.ts'
import { type ComponentServices, Invocation } from './invocation.ts'
import { outputLines } from './output-lines.ts'
import { servedInterfaces } from './served.ts'
import { type InstanceLife, lifeKey } from './tick-loop.ts'
import { failureOf } from './trap.ts'

/** An instance's exports, by interface id; functions of the world itself by their own name. */
export type ExportObjects = Readonly<Record<string, unknown>>

type Instantiate = (
  coreModule: (path: string) => WebAssembly.Module,
  imports: ImportObjects,
  instantiateCore: (module: WebAssembly.Module, imports: WebAssembly.Imports) => WebAssembly.Instance,
) => ExportObjects | Promise<ExportObjects>

/** A compiled component, loaded on this thread. Each call runs in an instance of its own. */
export class GuestComponent {
  readonly world: WitWorld
  /** The interfaces it answers in the lattice: `wasi:http` handlers appear as `wrpc:http/incoming-handler`. */
  readonly serves: readonly WitInterface[]
  readonly #instantiate: Instantiate
  readonly #modules: ReadonlyMap<string, WebAssembly.Module>

  private constructor(
    world: WitWorld,
    instantiate: Instantiate,
    modules: ReadonlyMap<string, WebAssembly.Module>,
  ) {
    this.world = world
    this.serves = servedInterfaces(world)
    this.#instantiate = instantiate
    this.#modules = modules
  }

  /** Loads what the compile queue wrote to `path`. */
  static async load(path: string, moduleNames: readonly string[]): Promise<GuestComponent> {
    // `world.json` is our own cache's, written by the compiler.
    const world = JSON.parse(await readFile(join(path, 'world.json'), 'utf8')) as WitWorld
    const modules = new Map<string, WebAssembly.Module>()
    for (const name of moduleNames)
      modules.set(name, await WebAssembly.compile(await readFile(join(path, name))))
    const glue = (await import(pathToFileURL(join(path, 'component.mjs')).href)) as {
      instantiate: Instantiate
    }
    return new GuestComponent(world, glue.instantiate, modules)
  }

  /** Answers `call` in a fresh instance. The instance lives on while a body streams: see `call.course`. */
  async run(call: Call, services: ComponentServices): Promise<unknown> {
    const invocation = new Invocation(call, services)
    const output = outputLines(invocation.log)
    const life = new AbortController()
    const glueLife: InstanceLife = { ended: false }
    const giveUp = () => life.abort(call.signal.reason)
    call.signal.addEventListener('abort', giveUp, { once: true })
    const end = () => {
      call.signal.removeEventListener('abort', giveUp)
      glueLife.ended = true
      // Frees what the guest has left open.
      life.abort(new WeftError('cancelled', 'the invocation is over'))
      output.flush()
    }
    const context = { args: ['main.wasm'], environment: {}, writeOutput: output.write, signal: life.signal }
    try {
      const start = preciseNow()
      const instance = await this.#instance({
        ...importsFor(this.world, invocation, context),
        [lifeKey]: glueLife,
      })
      const ready = preciseNow()
      call.course.record({ name: 'instantiated', start, end: ready })
      const result = await runExport(instance, this.world, call)
      call.course.record({ name: 'executed', start: ready, end: preciseNow() })
      const held = call.course.held
      if (!held) end()
      else {
        void held.then((failure) => {
          // Nobody else would tell of a guest that traps after its answer is out.
          if (failure !== undefined) failureOf(failure, call, invocation.log)
          end()
        })
      }
      return result
    } catch (thrown) {
      end()
      throw failureOf(thrown, call, invocation.log)
    }
  }

  #instance(imports: ImportObjects): ExportObjects | Promise<ExportObjects> {
    return this.#instantiate(
      (path) => {
        const module = this.#modules.get(path)
        if (!module) throw new WeftError('internal', `the compiled component has no core module ${path}`)
        return module
      },
      imports,
      (module, coreImports) => new WebAssembly.Instance(module, coreImports),
    )
  }
}
