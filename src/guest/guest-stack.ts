import { addedName } from '../component/instrument-placement.ts'
import type { SourceLines } from '../component/source-lines.ts'

/** Finds the source lines of a core module by its number. */
export type FindLines = (module: number) => SourceLines | undefined

/** `at name (wasm://wasm/core-3.libc.so-0028bc2e:wasm-function[7]:0x1f2)`; a function without a name has no brackets. */
const frame = /^\s*at (?:(.*) \()?wasm:\/\/wasm\/([^:]*):wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/
/** What modules are called when they are compiled, and a hash behind it. */
const numbered = /^core-(\d+)(?:\.(.*))?-[0-9a-f]+$/

/**
 * The frames of an error that are a guest's, innermost first, with their names and where they stand in its sources, without
 * what compiling added; all frames when none is.
 */
export function guestStack(error: Error, linesOf: FindLines): string {
  const frames = (error.stack ?? '').split('\n').filter((line) => line.trimStart().startsWith('at '))
  const guest = frames.filter((line) => line.includes('wasm://'))
  if (guest.length === 0) return frames.map((line) => line.trim()).join('\n')
  return guest
    .filter((line) => !line.includes(addedName))
    .map((line) => told(line, linesOf))
    .join('\n')
}

function told(line: string, linesOf: FindLines): string {
  const [, given = '', url = '', number = '', offset = ''] = frame.exec(line) ?? []
  if (url === '') return line.trim()
  const [, module, moduleName] = numbered.exec(url) ?? []
  const full = `core-${module}${moduleName === undefined ? '' : `.${moduleName}`}`
  // The engine puts the module's name before a function's, or in its place.
  const own = given === full ? '' : given.startsWith(`${full}.`) ? given.slice(full.length + 1) : given
  const name = own || `function ${number}`
  const place = module === undefined ? undefined : linesOf(Number(module))?.at(Number.parseInt(offset, 16))
  if (place) return `at ${name} (${place.file}:${place.line}:${place.column})`
  return `at ${name} (${module === undefined ? url : (moduleName ?? `core-${module}`)}:0x${offset})`
}
