import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { type Command, type CommandInput, latticeFlags } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { findHost } from './find-hosts.ts'
import { stopHosts } from './stop-hosts.ts'
import { stopUp } from './stop-up.ts'

export const command: Command = {
  name: 'down',
  summary: 'Stop the lattice of this machine, or single hosts',
  usage: ['weft down', 'weft down HOST… [flags]', 'weft down --all [flags]'],
  examples: [
    { run: 'weft down', does: 'stop what `weft up` started on this machine, and the hosts that joined it' },
    { run: 'weft down brave-maple-1234', does: 'stop one host of the lattice' },
    { run: 'weft down --all', does: 'stop every host of the lattice' },
  ],
  flags: { ...latticeFlags, all: { type: 'boolean', help: 'every host of the lattice' } },
  async run(input) {
    const { args, flags } = input
    if (args.length > 0 && flags['all'])
      throw new WeftError('invalid', 'weft down: name hosts or give --all, not both')
    if (args.length > 0 || flags['all']) return stopChosen(input)
    const given = Object.keys(latticeFlags).find((name) => flags[name] !== undefined)
    if (given === undefined) return stopUp(input)
    const problem = `weft down: --${given} names a lattice, but not what to stop there`
    throw new WeftError('invalid', `${problem}: add host names, or --all`)
  },
}

async function stopChosen(input: CommandInput): Promise<number> {
  const { args, terminal } = input
  return withLattice(input, async (open) => {
    const client = createControlClient(open)
    const all = await client.ping()
    const chosen = new Set(args.map((text) => findHost(all, text)))
    const hosts = args.length > 0 ? [...chosen] : all
    if (hosts.length === 0) terminal.out('nothing to stop: no hosts answer\n')
    const onStopped = (host: { readonly friendly_name: string }) =>
      terminal.out(`host ${host.friendly_name} has stopped\n`)
    await stopHosts({ client, hosts, signal: terminal.signal, onStopped })
    return 0
  })
}
