import { type InstrumentedModule, instrument } from '../component/instrument.ts'
import type { Program } from '../component/program.ts'
import { readProgram } from '../component/read-program.ts'
import { WeftError } from '../errors.ts'
import { decodeWorld } from '../wit/decode-component.ts'
import type { WitWorld } from '../wit/type.ts'
import { checkComponentBytes } from './component-file.ts'

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
    const { program, modules } = readProgram(bytes)
    modules.forEach((module, number) => {
      checkModule(module, number)
    })
    return {
      world: decodeWorld(bytes),
      program,
      modules: modules.map((module, number) => instrument(module, number)),
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
