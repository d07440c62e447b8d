import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Instance } from '../../src/component/instance.ts'
import { Pace } from '../../src/component/pace.ts'
import { prepare } from '../../src/component/prepare.ts'
import { writeCached } from '../../src/guest/cache.ts'
import { compile } from '../../src/guest/compile.ts'
import { GuestComponent } from '../../src/guest/component.ts'
import { root } from '../support/weft.ts'

// Measures in a process of its own, so that nothing else lies in its memory. Prints JSON.
const kinds = [
  { path: 'test/guests/calc/calc.wasm', count: 700 },
  { path: 'manifests/hello/hello.wasm', count: 200 },
  { path: 'test/guests/http-hello-p3/http-hello-p3.wasm', count: 100 },
]
const folder = join(root, 'node_modules', '.cache-density')
const empty = rss()
const loaded: GuestComponent[] = []
for (const { path, count } of kinds) {
  const bytes = await readFile(join(root, path))
  for (let copy = 0; copy < count; copy++) {
    const name = `${loaded.length}`
    const compiled = compile(bytes, name)
    // The core modules must differ too: V8 keeps the code of equal ones once.
    const modules = compiled.modules.map((one) => ({ ...one, bytes: distinct(one.bytes, loaded.length) }))
    await writeCached(join(folder, name), { ...compiled, modules })
    loaded.push(await GuestComponent.load(join(folder, name)))
    await rm(join(folder, name), { recursive: true })
  }
}
const components = rss()
const { program, modules } = compile(await readFile(join(root, 'test/guests/calc/calc.wasm')), 'calc')
const options = {
  program: prepare(program),
  modules: modules.map(({ bytes, info }) => ({
    info,
    module: new WebAssembly.Module(bytes as BufferSource),
  })),
  imports: {},
  limits: { bufferedBytes: 1e8, handles: 1000, tableElements: 1e6, memoryBytes: 16 * 1024 * 1024 },
  pace: new Pace(),
}
const live = Array.from({ length: 1000 }, () => new Instance(options))
const instances = rss() - components + empty
console.log(JSON.stringify({ empty, components, instances, live: live.length, loaded: loaded.length }))

/** The same module with a custom section that says which copy it is. */
function distinct(bytes: Uint8Array, number: number): Uint8Array {
  const name = Buffer.from(`copy-${number}`)
  return Buffer.concat([bytes, Buffer.from([0, name.length + 1, name.length]), name])
}

function rss(): number {
  globalThis.gc?.()
  return process.memoryUsage().rss / 1024 / 1024
}
