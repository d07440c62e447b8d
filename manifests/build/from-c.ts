import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { componentNew, preview1AdapterReactorPath } from '@bytecodealliance/jco'
import { type Guest, root } from './guest.ts'
import { readIfThere } from './read-if-there.ts'
import { run } from './run.ts'
import { withTemporary } from './with-temporary.ts'

/**
 * C and C++. CC, CXX, WASI_SYSROOT and WIT_BINDGEN name others than `clang-22`, `clang++-22`, `/usr` (Debian: clang-22,
 * lld-22, libclang-rt-22-dev-wasm32, wasi-libc, libc++-22-dev-wasm32) and `wit-bindgen` (`cargo install wit-bindgen-cli`).
 * A guest's own flags stand in its `compile_flags.txt`, one on a line; with `-g` it keeps its DWARF.
 */
export function fromC({ name, folder, language }: Guest): Promise<Uint8Array> {
  return withTemporary(async (made) => {
    const wit = join(folder, 'wit')
    run(process.env.WIT_BINDGEN ?? 'wit-bindgen', ['c', wit, '--world', 'guest', '--out-dir', made], {
      cwd: root,
    })
    const flags = (await readIfThere(join(folder, 'compile_flags.txt'))) ?? '-Oz'
    const common = [
      // Debian's libraries stand under the older name of wasm32-wasip1.
      ...['--target=wasm32-wasi', '-Wno-deprecated', `--sysroot=${process.env.WASI_SYSROOT ?? '/usr'}`],
      ...[`-ffile-prefix-map=${root}/=`, `-ffile-prefix-map=${made}/=`],
      ...['-I', made, ...flags.split('\n').filter((flag) => flag !== '')],
    ]
    const cc = process.env.CC ?? 'clang-22'
    run(cc, [...common, '-c', join(made, 'guest.c'), '-o', join(made, 'guest.o')], { cwd: root })
    const isCpp = language === '.cpp'
    const ownFlags = [
      ...(isCpp ? ['-std=c++23', '-fno-exceptions'] : ['-std=c23']),
      ...['-mexec-model=reactor', ...(flags.includes('-g') ? [] : ['-Wl,--strip-debug'])],
    ]
    const sources = [
      join(folder, name + language),
      join(made, 'guest.o'),
      join(made, 'guest_component_type.o'),
    ]
    const output = join(made, 'core.wasm')
    run(isCpp ? (process.env.CXX ?? 'clang++-22') : cc, [...common, ...ownFlags, ...sources, '-o', output], {
      cwd: root,
    })
    const adapter = await readFile(preview1AdapterReactorPath())
    return componentNew(await readFile(output), [['wasi_snapshot_preview1', adapter]])
  })
}
