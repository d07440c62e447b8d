import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
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

/** Notes what runs; the last `weft up` wins. */
export async function writeRunning(running: Running, env: Env = process.env): Promise<void> {
  await mkdir(stateDir(env), { recursive: true })
  const draft = `${runningPath(env)}.${process.pid}.new`
  const note = { ...running, started: processMark(running.pid).started }
  // For the owner alone: the url may carry a password.
  await writeFile(draft, JSON.stringify(note, null, 2), { mode: 0o600 })
  await rename(draft, runningPath(env))
}

/** What runs on this machine; undefined when nothing does, a note of a dead process included. */
export async function readRunning(env: Env = process.env): Promise<Running | undefined> {
  try {
    const { started, ...running } = parseJson(await readFile(runningPath(env)), runningShape)
    return isRunning({ pid: running.pid, started }) ? running : undefined
  } catch {
    // No note, or one that cannot be read: either way nothing is known to run.
    return undefined
  }
}

/** Removes the note of `pid`; one that another process has written since stays. */
export async function clearRunning(pid: number = process.pid, env: Env = process.env): Promise<void> {
  const running = await readRunning(env)
  if (running === undefined || running.pid === pid) await rm(runningPath(env), { force: true })
}

/**
 * Finds the lattice that a command means: its flags, else WEFT_NATS_URL and WEFT_LATTICE, else the `weft up` that runs on
 * this machine, else the defaults. A lattice that is named without a url is looked for where that `weft up` runs.
 */
export async function latticeOf(
  flags: { readonly natsUrl?: string | undefined; readonly lattice?: string | undefined },
  env: Env = process.env,
): Promise<LatticeAddress> {
  const running = await readRunning(env)
  const url = flags.natsUrl || env['WEFT_NATS_URL'] || running?.url || defaultUrl
  const sameServer = url === running?.url
  const lattice =
    flags.lattice || env['WEFT_LATTICE'] || (sameServer ? running.lattice : undefined) || defaultLattice
  const from = flags.natsUrl ? 'flag' : env['WEFT_NATS_URL'] ? 'environment' : running ? 'weft up' : 'default'
  return { url, lattice, from }
}

function runningPath(env: Env): string {
  return join(stateDir(env), 'running.json')
}
