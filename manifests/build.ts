// Builds guests: `node manifests/build.ts [name…]`; without names, all of manifests/ and test/guests/.
// A TypeScript guest needs nothing but `npm ci`. A Rust guest needs cargo (CARGO, RUSTC name others than
// those in PATH) with either the target wasm32-unknown-unknown or the sources of std.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { homedir, tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { componentNew } from '@bytecodealliance/jco'
import { componentize } from 'componentize-qjs'

const root = dirname(import.meta.dirname)
const standardWit = join(root, 'node_modules/@bytecodealliance/jco/lib/wit/builtin/0.3.0')
const rustTarget = 'wasm32-unknown-unknown'

/** A folder with its main source: `hello/hello.ts` or `calc/calc.rs`. */
interface Guest {
  readonly name: string
  readonly folder: string
  readonly language: string
}

await buildGuests(process.argv.slice(2))

async function buildGuests(names: readonly string[]): Promise<void> {
  const guests = [...(await guestsIn('manifests')), ...(await guestsIn('test/guests'))]
  const known = guests.map((guest) => guest.name)
  for (const name of names) {
    if (!known.includes(name)) throw new Error(`no guest "${name}"; there are: ${known.join(', ')}`)
  }
  for (const guest of guests) {
    if (names.length > 0 && !names.includes(guest.name)) continue
    const component = guest.language === '.ts' ? await fromTypeScript(guest) : await fromRust(guest)
    await writeFile(join(guest.folder, `${guest.name}.wasm`), component)
    console.log(`${guest.name}.wasm  ${Math.ceil(component.length / 1000)} kB`)
  }
}

async function guestsIn(parent: string): Promise<Guest[]> {
  const files = await readdir(join(root, parent), { recursive: true, withFileTypes: true })
  return files.flatMap((file) => {
    const name = basename(file.parentPath)
    const language = ['.ts', '.rs'].find((extension) => file.name === name + extension)
    return language ? [{ name, folder: file.parentPath, language }] : []
  })
}

async function fromTypeScript({ name, folder }: Guest): Promise<Uint8Array> {
  const source = await withImports(join(folder, `${name}.ts`))
  const wit = await mkdtemp(join(tmpdir(), 'weft-wit-'))
  try {
    // A guest keeps only its own WIT; the packages of WASI 0.3 come from jco.
    await cp(standardWit, join(wit, 'deps'), { recursive: true })
    await cp(join(folder, 'wit'), wit, { recursive: true })
    const built = await componentize({ witPath: wit, jsSource: source, optSize: true })
    return built.component
  } finally {
    await rm(wit, { recursive: true })
  }
}

/**
 * A module with the files that it imports by path put before it, types taken out: a guest is one file. Their names stand
 * side by side then, so no two may be the same.
 */
async function withImports(path: string, seen = new Set<string>()): Promise<string> {
  seen.add(path)
  const parts: string[] = []
  const own = stripTypeScriptTypes(await readFile(path, 'utf8'))
  const rest = own.replaceAll(/^import\s+\{[^}]*\}\s+from\s+'(\.[^']*)'$/gm, (_, file: string) => {
    const imported = join(dirname(path), file)
    if (!seen.has(imported)) parts.push(imported)
    seen.add(imported)
    return ''
  })
  const before = []
  for (const part of parts) before.push((await withImports(part, seen)).replaceAll(/^export (?=\w)/gm, ''))
  return [...before, rest].join('\n')
}

async function fromRust({ name, folder }: Guest): Promise<Uint8Array> {
  const targetDir = process.env.CARGO_TARGET_DIR ?? join(tmpdir(), 'weft-guests-target')
  const withStd = hasStd() ? [] : ['-Zbuild-std=std,panic_abort']
  run(process.env.CARGO ?? 'cargo', ['build', '--release', '--target', rustTarget, ...withStd], folder, {
    CARGO_TARGET_DIR: targetDir,
    RUSTC_BOOTSTRAP: '1',
    // Panic messages must not carry this machine's paths; traps show names as they stand in the source.
    RUSTFLAGS: `--remap-path-prefix=${homedir()}=~ --remap-path-prefix=${root}=. -Clink-arg=--demangle`,
  })
  return componentNew(
    await readFile(join(targetDir, rustTarget, 'release', `${name.replaceAll('-', '_')}.wasm`)),
  )
}

function hasStd(): boolean {
  const rustc = process.env.RUSTC ?? 'rustc'
  return existsSync(run(rustc, ['--print', 'target-libdir', '--target', rustTarget], root, {}).trim())
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
  const done = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed in ${cwd}`, { cause: done.error })
  return done.stdout
}
