import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { isRunning, processMark } from '../lattice/same-process.ts'
import { type Running, readRunning } from '../lattice/state-file.ts'
import type { CommandInput } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { pause, stopHosts, stopLimitMs } from './stop-hosts.ts'

/** Stops the `weft up` of this machine and waits until it is gone; nothing to stop is no failure. */
export async function stopUp(input: CommandInput): Promise<number> {
  const { terminal } = input
  const running = await readRunning(terminal.env)
  if (!running) {
    terminal.out('nothing to stop: no `weft up` runs on this machine\n')
    return 0
  }
  await stopJoined(input, running).catch((thrown: unknown) => {
    const error = WeftError.from(thrown)
    if (error.code === 'cancelled') throw error
    terminal.err(`weft: the hosts that joined it: ${error.message}\n`)
  })
  const mark = processMark(running.pid)
  terminate(running.pid)
  const end = Date.now() + stopLimitMs
  while (isRunning(mark)) {
    if (Date.now() > end) {
      const hint = `end it with \`kill -9 ${running.pid}\``
      const problem = `weft up (pid ${running.pid}) did not stop within ${stopLimitMs} ms; ${hint}`
      throw new WeftError('deadline', problem)
    }
    await pause(terminal.signal)
  }
  terminal.out(`lattice ${running.lattice} at ${running.url} has stopped\n`)
  return 0
}

/** The lattice's NATS listens on this machine alone and goes with it: hosts that joined have no use without it. */
async function stopJoined(input: CommandInput, running: Running): Promise<void> {
  const { terminal } = input
  const there = { ...input, flags: { 'nats-url': running.url, lattice: running.lattice } }
  await withLattice(there, async ({ connection, lattice }) => {
    const client = createControlClient({ connection, lattice })
    const hosts = (await client.ping()).filter((host) => host.id !== running.hostId)
    const onStopped = (host: { readonly friendly_name: string }) =>
      terminal.out(`host ${host.friendly_name} has stopped\n`)
    await stopHosts({ client, hosts, signal: terminal.signal, onStopped })
  })
}

function terminate(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch (cause) {
    // It may have ended by itself a moment ago.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ESRCH') return
    throw new WeftError('denied', `weft up (pid ${pid}) belongs to somebody else: stop it as that user`, {
      cause,
    })
  }
}
