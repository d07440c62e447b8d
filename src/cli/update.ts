import { WeftError } from '../errors.ts'
import { askLattice } from './ask-lattice.ts'
import { type Command, latticeFlags, outputFlag } from './command.ts'
import { inventories } from './find-hosts.ts'
import { requiredArgument } from './pair-arguments.ts'
import { refuseExtra } from './refuse-extra.ts'

export const command: Command = {
  name: 'update',
  summary: 'Give a running component another image, one host after the other',
  usage: ['weft update COMPONENT REF [flags]'],
  examples: [{ run: 'weft update greeter ghcr.io/acme/greeter:1.1.0', does: 'on every host that runs it' }],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    host: { type: 'string', value: 'HOST', help: 'only on this host, by name or id' },
  },
  async run(input) {
    const id = requiredArgument('weft update COMPONENT REF', input.args, 0)
    const new_component_ref = requiredArgument('weft update COMPONENT REF', input.args, 1)
    refuseExtra(input, 'weft update', 2)
    const only = typeof input.flags['host'] === 'string' ? input.flags['host'] : undefined
    return askLattice(input, async (client) => {
      const running = (await inventories(client, only)).filter(({ components }) =>
        components.some((component) => component.id === id),
      )
      if (running.length === 0) throw new WeftError('not_found', `component ${id} runs on no host`)
      const hosts: { host: string; message: string }[] = []
      for (const { host_id, friendly_name } of running) {
        const message = await client.update({ component_id: id, host_id, new_component_ref })
        hosts.push({ host: friendly_name, message })
      }
      return { said: hosts.map(({ host, message }) => `${host}: ${message}`).join('\n'), data: { id, hosts } }
    })
  },
}
