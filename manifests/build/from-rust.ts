import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { componentNew } from '@bytecodealliance/jco'
import { type Guest, root } from './guest.ts'
import { run } from './run.ts'

const rustTarget = 'wasm32-unknown-unknown'

/** CARGO and RUSTC name others than those in PATH. */
export async function fromRust({ name, folder }: Guest): Promise<Uint8Array> {
  const targetDir = process.env.CARGO_TARGET_DIR ?? join(tmpdir(), 'weft-guests-target')
  const withStd = hasStd() ? [] : ['-Zbuild-std=std,panic_abort']
  run(process.env.CARGO ?? 'cargo', ['build', '--release', '--target', rustTarget, ...withStd], {
    cwd: folder,
    env: {
      CARGO_TARGET_DIR: targetDir,
      RUSTC_BOOTSTRAP: '1',
      // Panic messages must not carry this machine's paths; traps show names as they stand in the source.
      RUSTFLAGS: `--remap-path-prefix=${homedir()}=~ --remap-path-prefix=${root}=. -Clink-arg=--demangle`,
    },
  })
  return componentNew(
    await readFile(join(targetDir, rustTarget, 'release', `${name.replaceAll('-', '_')}.wasm`)),
  )
}

function hasStd(): boolean {
  const rustc = process.env.RUSTC ?? 'rustc'
  return existsSync(run(rustc, ['--print', 'target-libdir', '--target', rustTarget], { cwd: root }).trim())
}
