import { type InstrumentedModule, instrument } from '../component/instrument.ts'
import type { Program } from '../component/program.ts'
import { readProgram } from '../component/read-program.ts'
import { waitingImports } from '../component/waiting-imports.ts'
import { WeftError } from '../errors.ts'
import { decodeWorld } from '../wit/decode-component.ts'
import type { WitWorld } from '../wit/type.ts'
import { checkComponentBytes } from './component-file.ts'
import { suspendingImports } from './suspending.ts'

/** What compiling gives: what data threads need to run a component, and its core modules by number. */
export interface CompiledComponent {
  readonly world: WitWorld
  readonly program: Program
  readonly modules: readonly InstrumentedModule[]
}

/** Component bytes → the program that links its core modules. Takes CPU: never on a thread that serves. */
export function compile(bytes: Uint8Array, ref: string): CompiledComponent {
  checkComponentBytes(bytes, ref)
  try {
    const world = decodeWorld(bytes)
    const { program, modules } = readProgram(bytes, suspendingImports(world))
    const mayWait = waitingImports(program)
    modules.forEach((module, number) => {
      checkModule(module, number)
    })
    return {
      world,
      program,
      modules: modules.map((module, number) => instrument(module, { number, mayWait: mayWait[number] })),
    }
  } catch (error) {
    throw new WeftError('invalid', `${ref} is not a valid component: ${messageOf(error)}`, { cause: error })
  }
}

function checkModule(bytes: Uint8Array, number: number): void {
  try {
    new WebAssembly.Module(bytes as BufferSource)
  } catch (error) {
    throw new WeftError('invalid', `core module ${number}: ${messageOf(error)}`, { cause: error })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
