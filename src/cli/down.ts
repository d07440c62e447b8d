import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { readRunning } from '../lattice/state-file.ts'
import { type Command, type CommandInput, latticeFlags } from './command.ts'
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
    { run: 'weft down', does: 'stop what `weft up` started on this machine' },
    { run: 'weft down brave-maple-1234', does: 'stop one host of the lattice' },
    { run: 'weft down --all', does: 'stop every host of the lattice' },
  ],
  flags: { ...latticeFlags, all: { type: 'boolean', help: 'every host of the lattice' } },
  async run(input) {
    if (input.args.length > 0 || input.flags['all']) return stopHosts(input)
    return stopUp(input)
  },
}

async function stopUp({ terminal }: CommandInput): Promise<number> {
  const running = await readRunning(terminal.env)
  if (!running) {
    terminal.out('nothing to stop: no `weft up` runs on this machine\n')
    return 0
  }
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
    const chosen = input.flags['all'] ? hosts : input.args.map((text) => findHost(hosts, text))
    const left = new Set(chosen.map((host) => host.id))
    for (const host of chosen) await client.stopHost(host.id)
    const end = Date.now() + stopLimitMs
    while (left.size > 0) {
      const alive = new Set((await client.ping()).map((host) => host.id))
      for (const host of chosen) {
        if (alive.has(host.id) || !left.delete(host.id)) continue
        input.terminal.out(`host ${host.friendly_name} has stopped\n`)
      }
      if (Date.now() > end)
        throw new WeftError('deadline', `${left.size} hosts did not stop within ${stopLimitMs} ms`)
      if (left.size > 0) await delay(pollMs)
    }
    return 0
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
