import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { type ControlClient, createControlClient } from '../lattice/control-client.ts'
import type { HostSummary } from '../lattice/inventory.ts'
import { readRunning } from '../lattice/state-file.ts'
import { type Command, type CommandInput, latticeFlags, type Terminal } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { findHost } from './find-hosts.ts'

/** Longer than the grace time that a host gives to calls in flight. */
const stopLimitMs = 25_000
const pollMs = 50

export const command: Command = {
  name: 'down',
  summary: 'Stop the lattice of this machine, or single hosts',
  usage: ['weft down [HOST…] [flags]'],
  examples: [
    { run: 'weft down', does: 'stop what `weft up` started on this machine, and the hosts that joined it' },
    { run: 'weft down brave-maple-1234', does: 'stop one host of the lattice' },
    { run: 'weft down --all', does: 'stop every host of the lattice' },
  ],
  flags: { ...latticeFlags, all: { type: 'boolean', help: 'every host of the lattice' } },
  async run(input) {
    if (input.args.length > 0 || input.flags['all']) return stopHosts(input)
    return stopUp(input)
  },
}

/** The lattice's NATS listens on this machine alone and goes with it: hosts that joined have no use without it. */
async function stopUp(input: CommandInput): Promise<number> {
  const { terminal } = input
  const running = await readRunning(terminal.env)
  if (!running) {
    terminal.out('nothing to stop: no `weft up` runs on this machine\n')
    return 0
  }
  const there = { ...input, flags: { ...input.flags, 'nats-url': running.url, lattice: running.lattice } }
  await withLattice(there, ({ connection, lattice }) =>
    stopAll(terminal, createControlClient({ connection, lattice }), (host) => host.id !== running.hostId),
  )
  process.kill(running.pid, 'SIGTERM')
  const end = Date.now() + stopLimitMs
  while (isAlive(running.pid)) {
    if (Date.now() > end) {
      throw new WeftError('deadline', `weft up (pid ${running.pid}) did not stop within ${stopLimitMs} ms`)
    }
    await delay(pollMs)
  }
  terminal.out(`lattice ${running.lattice} at ${running.url} has stopped\n`)
  return 0
}

async function stopHosts(input: CommandInput): Promise<number> {
  return withLattice(input, async ({ connection, lattice }) => {
    const client = createControlClient({ connection, lattice })
    const hosts = await client.ping()
    const chosen = new Set(input.args.map((text) => findHost(hosts, text).id))
    await stopAll(input.terminal, client, (host) => input.flags['all'] === true || chosen.has(host.id))
    return 0
  })
}

/** Stops the hosts that `isChosen` and waits until none of them answers. */
async function stopAll(
  terminal: Terminal,
  client: ControlClient,
  isChosen: (host: HostSummary) => boolean,
): Promise<void> {
  let left = (await client.ping()).filter(isChosen)
  for (const host of left) await client.stopHost(host.id)
  const end = Date.now() + stopLimitMs
  while (left.length > 0) {
    const alive = new Set((await client.ping()).map((host) => host.id))
    for (const host of left) if (!alive.has(host.id)) terminal.out(`host ${host.friendly_name} has stopped\n`)
    left = left.filter((host) => alive.has(host.id))
    if (Date.now() > end)
      throw new WeftError('deadline', `${left.length} hosts did not stop within ${stopLimitMs} ms`)
    if (left.length > 0) await delay(pollMs)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
