import { transpile } from '@bytecodealliance/jco'
import { WeftError } from '../errors.ts'
import { decodeWorld } from '../wit/decode-component.ts'
import type { WitWorld } from '../wit/type.ts'
import { checkComponentBytes } from './component-file.ts'
import { rethrowImportErrors } from './rethrow-import-errors.ts'
import { promisingExports, suspendingImports } from './suspending.ts'
import { hastenTickLoop } from './tick-loop.ts'

/** What compiling gives: the component's world, and files by name (`component.js` and the core modules). */
export interface CompiledComponent {
  readonly world: WitWorld
  readonly files: Readonly<Record<string, Uint8Array>>
}

/** Component bytes → JavaScript glue and core modules for JSPI. Takes a second of CPU: never on a thread that serves. */
export async function compile(bytes: Uint8Array, ref: string): Promise<CompiledComponent> {
  checkComponentBytes(bytes, ref)
  const world = readWorld(bytes, ref)
  const ids = world.imports.map((one) => one.id)
  try {
    const { files } = await transpile(bytes, {
      name: 'component',
      instantiation: 'async',
      asyncMode: 'jspi',
      asyncImports: suspendingImports(world),
      asyncExports: promisingExports(world),
      // Mapping each import to itself keeps the version in the key of the import object.
      map: Object.fromEntries(ids.map((id) => [id, id])),
      wasiShim: false,
      nodejsCompat: false,
      noTypescript: true,
      noComponentErrorWrapping: false,
      base64Cutoff: 0,
    })
    return { world, files: runnable(files) }
  } catch (error) {
    throw new WeftError('invalid', `${ref} cannot be compiled: ${messageOf(error)}`, { cause: error })
  }
}

function readWorld(bytes: Uint8Array, ref: string): WitWorld {
  try {
    return decodeWorld(bytes)
  } catch (error) {
    throw new WeftError('invalid', `${ref} is not a valid component: ${messageOf(error)}`, { cause: error })
  }
}

/** Types for TypeScript are left out; the glue is mended and gets the extension of an ES module wherever it lies. */
function runnable(files: Readonly<Record<string, Uint8Array>>): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(files)
      .filter(([name]) => !name.endsWith('.d.ts'))
      .map(([name, content]) =>
        name === 'component.js' ? ['component.mjs', mended(content)] : [name, content],
      ),
  )
}

function mended(glue: Uint8Array): Uint8Array {
  return new TextEncoder().encode(hastenTickLoop(rethrowImportErrors(new TextDecoder().decode(glue))))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
