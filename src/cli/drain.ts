import { WeftError } from '../errors.ts'
import { type ControlClient, createControlClient } from '../lattice/control-client.ts'
import { drainingLabel } from '../lattice/draining.ts'
import type { HostSummary } from '../lattice/inventory.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { findHost } from './find-hosts.ts'
import { handOver } from './hand-over.ts'
import { durationFlag, printJson, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { refuseExtra } from './refuse-extra.ts'
import { stopHosts } from './stop-hosts.ts'

export const command: Command = {
  name: 'drain',
  summary: 'Have a host hand its work to others and take no new, before it is stopped',
  usage: ['weft drain HOST [flags]'],
  examples: [
    { run: 'weft drain brave-maple-1234', does: 'wait until the controller has moved all that runs there' },
    { run: 'weft drain brave-maple-1234 --stop', does: 'and stop the host then' },
    { run: 'weft drain brave-maple-1234 --undo', does: 'it takes work again' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    undo: { type: 'boolean', help: 'end the draining' },
    stop: { type: 'boolean', help: 'stop the host when nothing runs there any more' },
    timeout: { type: 'string', value: 'TIME', help: 'how long the hand-over may take (default 2m)' },
  },
  async run(input) {
    const name = requiredArgument('weft drain HOST', input.args, 0)
    refuseExtra(input, 'weft drain', 1)
    if (input.flags['undo'] === true && input.flags['stop'] === true)
      throw new WeftError('invalid', 'weft drain: --undo and --stop exclude each other')
    return withLattice(input, async (open) => {
      const client = createControlClient(open)
      const host = findHost(await client.ping(), name)
      return input.flags['undo'] === true ? undo(input, client, host) : drain(input, open, host)
    })
  },
}

async function undo(input: CommandInput, client: ControlClient, host: HostSummary): Promise<number> {
  await client.delLabel(host.id, drainingLabel)
  if (wantsJson(input)) printJson(input, { host_id: host.id, draining: false })
  else input.terminal.out(`${host.friendly_name} takes work again\n`)
  return 0
}

async function drain(input: CommandInput, open: OpenLattice, host: HostSummary): Promise<number> {
  const { terminal } = input
  const timeoutMs = durationFlag('timeout', input.flags['timeout'], 120_000)
  const stops = input.flags['stop'] === true
  const client = createControlClient(open)
  await client.putLabel(host.id, drainingLabel, 'true')
  const onLeft = (id: string) => (wantsJson(input) ? undefined : terminal.out(`  ${id} has left\n`))
  await handOver({ open, client, host, timeoutMs, terminal, onLeft })
  if (stops) await stopHosts({ client, hosts: [host], signal: terminal.signal, onStopped: () => {} })
  if (wantsJson(input)) printJson(input, { host_id: host.id, draining: true, stopped: stops })
  else terminal.out(`${host.friendly_name} is ${stops ? 'drained and stopped' : 'drained'}\n`)
  return 0
}
