import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import { askLattice } from './ask-lattice.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { findHost, inventories } from './find-hosts.ts'
import { durationFlag } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'

const deeds: Readonly<Record<string, (input: CommandInput) => Promise<number>>> = {
  component,
  provider,
  host,
}

export const command: Command = {
  name: 'stop',
  summary: 'Stop a component, a provider or a host',
  usage: ['weft stop component ID [flags]', 'weft stop provider ID [flags]', 'weft stop host HOST [flags]'],
  examples: [
    { run: 'weft stop component greeter', does: 'on every host that runs it' },
    { run: 'weft stop provider keyvalue --host brave-maple-1234', does: 'on one host' },
    {
      run: 'weft stop host brave-maple-1234 --grace 30s',
      does: 'when its calls have ended, at the latest in 30 s',
    },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    host: { type: 'string', value: 'HOST', help: 'only on this host, by name or id' },
    grace: { type: 'string', value: 'TIME', help: 'how long a host lets its calls finish (default 10s)' },
  },
  async run(input) {
    return pickDeed('stop', deeds, input.args[0])(input)
  },
}

async function component(input: CommandInput): Promise<number> {
  return stopOn(input, 'component', async (client, { hostId, id }) => {
    const request = { component_ref: '', component_id: id, annotations: {}, config: [], allow_update: false }
    await client.scale({ ...request, host_id: hostId, count: 0 })
  })
}

async function provider(input: CommandInput): Promise<number> {
  return stopOn(input, 'provider', (client, { hostId, id }) => client.stopProvider(hostId, id))
}

async function stopOn(
  input: CommandInput,
  kind: 'component' | 'provider',
  stop: (client: ControlClient, on: { readonly hostId: string; readonly id: string }) => Promise<unknown>,
): Promise<number> {
  const id = requiredArgument(`weft stop ${kind} ID`, input.args, 1)
  refuseExtra(input, `weft stop ${kind}`, 2)
  const only = typeof input.flags['host'] === 'string' ? input.flags['host'] : undefined
  return askLattice(input, async (client) => {
    const running = (await inventories(client, only)).filter((one) =>
      (kind === 'component' ? one.components : one.providers).some((item) => item.id === id),
    )
    if (running.length === 0)
      throw new WeftError('not_found', `${kind} ${id} runs on ${only === undefined ? 'no host' : only}`)
    for (const { host_id } of running) await stop(client, { hostId: host_id, id })
    const names = running.map(({ friendly_name }) => friendly_name)
    return { said: `${kind} ${id} stops on ${names.join(', ')}`, data: { id, hosts: names } }
  })
}

async function host(input: CommandInput): Promise<number> {
  const name = requiredArgument('weft stop host HOST', input.args, 1)
  refuseExtra(input, 'weft stop host', 2)
  const graceMs = durationFlag('grace', input.flags['grace'], 10_000)
  return askLattice(input, async (client) => {
    const found = findHost(await client.ping(), name)
    await client.stopHost(found.id, graceMs)
    return { said: `host ${found.friendly_name} stops`, data: { host_id: found.id } }
  })
}
