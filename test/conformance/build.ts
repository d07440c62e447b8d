import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { peersFolder } from './find-peer.ts'

const here = import.meta.dirname
const bin = join(peersFolder, 'bin')
const target = join(peersFolder, 'target')
const cargoHome = process.env['CARGO_HOME'] ?? join(homedir(), '.cargo')

/** How each peer is built; their order is that of the time they take. */
const builds: Readonly<Record<string, () => void>> = {
  'wrpc-rust': () => buildCrate('wrpc-peer'),
  'wrpc-go': buildGoPeer,
  prometheus: buildPrometheus,
  collector: buildCollector,
  wadm: () => buildCrate('wadm-server'),
  'provider-rust': () => buildCrate('http-server-provider'),
  wash: () => cargo(['install', 'wash', '--version', '0.43.0', '--locked', '--debug', '--root', peersFolder]),
  'rust-host': () => buildCrate('rust-host'),
}

/** The Go generator and the module `wrpc.io/go` are both in the crate `wrpc`. */
function buildGoPeer(): void {
  const generator = ['--no-default-features', '--features', 'bin-bindgen', '--bin', 'wit-bindgen-wrpc']
  cargo([
    'install',
    'wrpc',
    '--version',
    '0.15.0',
    '--locked',
    '--debug',
    ...generator,
    '--root',
    peersFolder,
  ])
  const folder = join(peersFolder, 'wrpc-peer-go')
  cpSync(join(here, 'go'), folder, { recursive: true })
  cpSync(join(crateSources('wrpc-0.15.0'), 'go'), join(folder, 'wrpc-go'), { recursive: true })
  const bindings = ['--out-dir', 'bindings', '--package', 'weft.dev/peer/bindings', '--world', 'peer']
  run(join(bin, 'wit-bindgen-wrpc'), ['go', ...bindings, join(here, 'wit')], folder)
  run('go', ['mod', 'edit', '-replace', 'wrpc.io/go=./wrpc-go'], folder)
  run('go', ['mod', 'tidy'], folder)
  run('go', ['build', '-o', join(bin, 'wrpc-peer-go'), '.'], folder)
}

function buildCollector(): void {
  goInstall('go.opentelemetry.io/collector/cmd/builder@v0.162.0')
  const folder = join(peersFolder, 'collector')
  mkdirSync(folder, { recursive: true })
  run(join(bin, 'builder'), ['--config', join(here, 'otel', 'collector-build.yaml')], folder)
  cpSync(join(folder, 'out', 'otelcol-weft'), join(bin, 'otelcol-weft'))
}

/** Its module can't be installed by name (it excludes versions), but it can be a dependency. */
function buildPrometheus(): void {
  const folder = join(peersFolder, 'prometheus')
  mkdirSync(folder, { recursive: true })
  const module = 'github.com/prometheus/prometheus'
  writeFileSync(join(folder, 'go.mod'), `module peer\n\ngo 1.25\n\nrequire ${module} v0.307.3\n`)
  const args = ['build', '-mod=mod', '-tags', 'remove_all_sd', '-o', join(bin, 'prometheus')]
  run('go', [...args, `${module}/cmd/prometheus`], folder)
}

function buildCrate(name: string): void {
  cargo(['build', '--locked', '--manifest-path', join(here, 'rust', 'Cargo.toml'), '-p', name])
  cpSync(join(target, 'debug', name), join(bin, name))
}

function cargo(args: readonly string[]): void {
  run('cargo', args, here, { CARGO_TARGET_DIR: target, CARGO_INCREMENTAL: '0', CARGO_PROFILE_DEV_DEBUG: '0' })
}

function goInstall(module: string): void {
  run('go', ['install', module], here, { GOBIN: bin })
}

function crateSources(crate: string): string {
  const sources = join(cargoHome, 'registry', 'src')
  const registry = readdirSync(sources).find((name) => readdirSync(join(sources, name)).includes(crate))
  if (registry === undefined) throw new Error(`no sources of ${crate} in ${sources}`)
  return join(sources, registry, crate)
}

function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): void {
  const { status, error } = spawnSync(program, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}`)
}

const names = process.argv.slice(2)
const unknown = names.filter((name) => !(name in builds))
if (names.length === 0 || unknown.length > 0) {
  console.error(`name what to build: ${Object.keys(builds).join(', ')}`)
  process.exitCode = 2
} else {
  mkdirSync(bin, { recursive: true })
  for (const name of names) builds[name]?.()
}
