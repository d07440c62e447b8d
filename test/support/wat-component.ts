import { parse } from '@bytecodealliance/jco'
import type { CompileQueue } from '../../src/guest/compile-queue.ts'
import { GuestComponent, type RunOptions } from '../../src/guest/component.ts'

/** Compiles and loads a component from its text (https://github.com/WebAssembly/component-model, WAT). */
export async function watComponent(
  compiler: CompileQueue,
  text: string,
  options: RunOptions = {},
): Promise<GuestComponent> {
  const { path } = await compiler.compile(await parse(text), 'text.wasm')
  return GuestComponent.load(path, options)
}
