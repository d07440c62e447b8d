import { askLattice } from './ask-lattice.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { findHost } from './find-hosts.ts'
import { pairArguments, requiredArgument } from './pair-arguments.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'

const deeds: Readonly<Record<string, (input: CommandInput) => Promise<number>>> = { put, del }

export const command: Command = {
  name: 'label',
  summary: 'Put and delete labels of a host, which manifests place by',
  usage: ['weft label put HOST KEY=VALUE… [flags]', 'weft label del HOST KEY [flags]'],
  examples: [
    { run: 'weft label put brave-maple-1234 zone=eu', does: 'the controller places by it from now on' },
    { run: 'weft label del brave-maple-1234 zone', does: 'take it away' },
  ],
  flags: { ...latticeFlags, ...outputFlag },
  async run(input) {
    return pickDeed('label', deeds, input.args[0])(input)
  },
}

async function put(input: CommandInput): Promise<number> {
  const name = requiredArgument('weft label put HOST KEY=VALUE', input.args, 1)
  const labels = pairArguments('weft label put', input.args.slice(2))
  return askLattice(input, async (client) => {
    const host = findHost(await client.ping(), name)
    for (const [key, value] of Object.entries(labels)) await client.putLabel(host.id, key, value)
    return { said: `labels of ${host.friendly_name} put`, data: { host_id: host.id, labels } }
  })
}

async function del(input: CommandInput): Promise<number> {
  const name = requiredArgument('weft label del HOST KEY', input.args, 1)
  const key = requiredArgument('weft label del HOST KEY', input.args, 2)
  refuseExtra(input, 'weft label del', 3)
  return askLattice(input, async (client) => {
    const host = findHost(await client.ping(), name)
    await client.delLabel(host.id, key)
    return { said: `label ${key} of ${host.friendly_name} deleted`, data: { host_id: host.id, key } }
  })
}
