import { parse } from '@bytecodealliance/jco'
import { Instance, type InstanceOptions, type LoadedModule } from '../../src/component/instance.ts'
import { Pace } from '../../src/component/pace.ts'
import { type PreparedProgram, prepare } from '../../src/component/prepare.ts'
import { compile } from '../../src/guest/compile.ts'

type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/** A component from its text, compiled, and run with plain import objects: the component runtime alone. */
export class WatProgram {
  readonly #program: PreparedProgram
  readonly modules: readonly LoadedModule[]
  readonly pace = new Pace()

  private constructor(program: PreparedProgram, modules: readonly LoadedModule[]) {
    this.#program = program
    this.modules = modules
  }

  static async of(text: string): Promise<WatProgram> {
    const { program, modules } = compile(await parse(text), 'text.wasm')
    const loaded = modules.map(({ bytes, info }) => ({
      info,
      module: new WebAssembly.Module(bytes as BufferSource),
    }))
    return new WatProgram(prepare(program), loaded)
  }

  /** `memories` are those of an instance that is gone. */
  instance(imports: Imports = {}, memories?: InstanceOptions['memories']): Instance {
    return new Instance({
      program: this.#program,
      modules: this.modules,
      imports,
      limits: { bufferedBytes: 1e6, handles: 1000, tableElements: 1e6, memoryBytes: 16 * 1024 * 1024 },
      pace: this.pace,
      memories,
    })
  }
}

/** Calls a function that the world itself exports, on behalf of `owner`. */
export function callOf(
  instance: Instance,
  name: string,
  { args = [], owner }: { readonly args?: readonly unknown[]; readonly owner?: string } = {},
) {
  return instance.call({ interface: '', name }, args, { owner, deadline: Date.now() + 60_000 })
}
