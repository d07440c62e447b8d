import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { componentNew, preview1AdapterReactorPath } from '@bytecodealliance/jco'
import { type Guest, root, witOf } from './guest.ts'
import { readIfThere } from './read-if-there.ts'
import { run } from './run.ts'
import { copyWit } from './wit-folder.ts'
import { withTemporary } from './with-temporary.ts'

/**
 * C and C++. CC, CXX, WASI_SYSROOT and WIT_BINDGEN name others than `clang-22`, `clang++-22`, `/usr` (Debian: clang-22,
 * lld-22, libclang-rt-22-dev-wasm32, wasi-libc, libc++-22-dev-wasm32) and `wit-bindgen` (`cargo install wit-bindgen-cli`).
 * The world has the guest's name. A guest's own flags stand in its `compile_flags.txt`, one on a line; with `-g` it keeps its DWARF.
 */
export function fromC({ name, folder, language }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const bindgen = process.env.WIT_BINDGEN ?? 'wit-bindgen'
    const wit = await copyWit(witOf(folder), { made: join(made, 'wit'), wasi: '0.2.12' })
    run(bindgen, ['c', wit, '--world', name, '--out-dir', made], { cwd: root })
    const world = join(made, name.replaceAll('-', '_'))
    const flags = (await readIfThere(join(folder, 'compile_flags.txt'))) ?? '-Oz'
    const common = [
      // Debian's libraries stand under the older name of wasm32-wasip1.
      ...['--target=wasm32-wasi', '-Wno-deprecated', `--sysroot=${process.env.WASI_SYSROOT ?? '/usr'}`],
      ...[`-ffile-prefix-map=${root}/=`, `-ffile-prefix-map=${made}/=`, '-ffile-compilation-dir=.'],
      ...['-I', made, ...flags.split('\n').filter((flag) => flag !== '')],
    ]
    const cc = process.env.CC ?? 'clang-22'
    run(cc, [...common, '-c', `${world}.c`, '-o', `${world}.o`], { cwd: root })
    const isCpp = language === '.cpp'
    const ownFlags = [
      ...(isCpp ? ['-std=c++23', '-fno-exceptions'] : ['-std=c23']),
      // Without: a `wasm-opt` that happens to stand in PATH would take the names of functions away.
      ...['--no-wasm-opt', '-mexec-model=reactor', ...(flags.includes('-g') ? [] : ['-Wl,--strip-debug'])],
    ]
    const sources = [join(folder, name + language), `${world}.o`, `${world}_component_type.o`]
    const output = join(made, 'core.wasm')
    run(isCpp ? (process.env.CXX ?? 'clang++-22') : cc, [...common, ...ownFlags, ...sources, '-o', output], {
      cwd: root,
    })
    const adapter = await readFile(preview1AdapterReactorPath())
    return componentNew(await readFile(output), [['wasi_snapshot_preview1', adapter]])
  })
}
