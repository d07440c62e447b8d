import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A network of its own for one process, joined with ours by a cable that can be pulled. */
export interface Network {
  /** What a command line begins with so that its process has that network. */
  readonly within: readonly string[]
  /** Our side of the cable. */
  readonly ourAddress: string
  plug(state: 'up' | 'down'): Promise<void>
  close(): Promise<void>
}

/** Makes a network namespace; undefined where that is not permitted. */
export async function openNetwork(): Promise<Network | undefined> {
  const name = `weft${process.pid % 100_000}`
  const [net, ours, theirs] = [10 + (process.pid % 200), `${name}a`, `${name}b`]
  const ip = (...args: readonly string[]) => run('ip', args)
  try {
    await ip('netns', 'add', name)
  } catch {
    return undefined
  }
  const close = async () => {
    await ip('netns', 'del', name).catch(() => {})
    await ip('link', 'del', ours).catch(() => {})
  }
  try {
    await ip('link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs, 'netns', name)
    await ip('addr', 'add', `10.213.${net}.1/24`, 'dev', ours)
    await ip('link', 'set', ours, 'up')
    await ip('-n', name, 'addr', 'add', `10.213.${net}.2/24`, 'dev', theirs)
    await ip('-n', name, 'link', 'set', theirs, 'up')
    await ip('-n', name, 'link', 'set', 'lo', 'up')
  } catch (error) {
    await close()
    throw error
  }
  return {
    within: ['ip', 'netns', 'exec', name],
    ourAddress: `10.213.${net}.1`,
    plug: async (state) => void (await ip('link', 'set', ours, state)),
    close,
  }
}
