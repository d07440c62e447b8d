import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isRunning, processMark } from './same-process.ts'
import { count, parseJson, record, text } from './shape.ts'

type Env = Readonly<Record<string, string | undefined>>

/** What a `weft up` tells the other `weft` commands of this machine. */
export interface Running {
  readonly url: string
  readonly lattice: string
  readonly pid: number
  readonly hostId?: string
  /** Address of the dashboard. */
  readonly ui?: string
}

/** Where a command finds its lattice, and who said so. */
export interface LatticeAddress {
  readonly url: string
  readonly lattice: string
  readonly from: 'flag' | 'environment' | 'weft up' | 'default'
}

const defaultUrl = 'nats://127.0.0.1:4222'
const defaultLattice = 'default'
const runningShape = record(
  { url: text, lattice: text, pid: count, started: text },
  { hostId: text, ui: text },
)

/** The directory of what Weft keeps between runs: WEFT_STATE_DIR, else `weft` in XDG_STATE_HOME or `~/.local/state`. */
export function stateDir(env: Env = process.env): string {
  if (env['WEFT_STATE_DIR']) return env['WEFT_STATE_DIR']
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'weft')
}

/** Notes what runs, beside what else does on this machine. */
export async function writeRunning(running: Running, env: Env = process.env): Promise<void> {
  await mkdir(notesDir(env), { recursive: true })
  const draft = `${notePath(running.pid, env)}.${process.pid}.new`
  const note = { ...running, started: processMark(running.pid).started }
  // For the owner alone: the url may carry a password.
  await writeFile(draft, JSON.stringify(note, null, 2), { mode: 0o600 })
  await rename(draft, notePath(running.pid, env))
}

/**
 * What runs on this machine; undefined when nothing does, notes of dead processes included. Of several it is the one of
 * `lattice`; without that the one of the default lattice, else the one that has run for longest.
 */
export async function readRunning(env: Env = process.env, lattice?: string): Promise<Running | undefined> {
  const names = await readdir(notesDir(env)).catch((): string[] => [])
  const notes = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => readNote(join(notesDir(env), name))),
  )
  const living = notes
    .filter((note) => note !== undefined)
    .toSorted((one, other) => one.since - other.since)
    .map(({ running }) => running)
  if (lattice !== undefined) return living.find((one) => one.lattice === lattice)
  return living.find((one) => one.lattice === defaultLattice) ?? living[0]
}

/** Removes the note of `pid`. */
export async function clearRunning(pid: number = process.pid, env: Env = process.env): Promise<void> {
  await rm(notePath(pid, env), { force: true })
}

async function readNote(path: string): Promise<{ running: Running; since: number } | undefined> {
  try {
    const { started, ...running } = parseJson(await readFile(path), runningShape)
    if (!isRunning({ pid: running.pid, started })) return undefined
    return { running, since: (await stat(path)).mtimeMs }
  } catch {
    // One that cannot be read tells nothing.
    return undefined
  }
}

/**
 * Finds the lattice that a command means: its flags, else WEFT_NATS_URL and WEFT_LATTICE, else the `weft up` that runs on
 * this machine, else the defaults. A lattice that is named without a url is looked for where that `weft up` runs.
 */
export async function latticeOf(
  flags: { readonly natsUrl?: string | undefined; readonly lattice?: string | undefined },
  env: Env = process.env,
): Promise<LatticeAddress> {
  const named = flags.lattice || env['WEFT_LATTICE'] || undefined
  const running =
    (named === undefined ? undefined : await readRunning(env, named)) ?? (await readRunning(env))
  const url = flags.natsUrl || env['WEFT_NATS_URL'] || running?.url || defaultUrl
  const sameServer = url === running?.url
  const lattice = named ?? (sameServer ? running.lattice : undefined) ?? defaultLattice
  const from = flags.natsUrl ? 'flag' : env['WEFT_NATS_URL'] ? 'environment' : running ? 'weft up' : 'default'
  return { url, lattice, from }
}

function notesDir(env: Env): string {
  return join(stateDir(env), 'running')
}

function notePath(pid: number, env: Env): string {
  return join(notesDir(env), `${pid}.json`)
}
