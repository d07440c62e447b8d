import { WeftError } from '../errors.ts'
import { askLattice } from './ask-lattice.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { pairArguments, requiredArgument } from './pair-arguments.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'

const deeds: Readonly<Record<string, (input: CommandInput) => Promise<number>>> = { put, get, del }

export const command: Command = {
  name: 'config',
  summary: 'Put, show and delete named config, which components and links refer to',
  usage: [
    'weft config put NAME KEY=VALUE… [flags]',
    'weft config get NAME [flags]',
    'weft config del NAME [flags]',
  ],
  examples: [
    { run: 'weft config put greetings hello=Ahoy', does: 'put a config; running components see it at once' },
    { run: 'weft config get greetings', does: 'show it' },
    { run: 'weft config del greetings', does: 'delete it' },
  ],
  flags: { ...latticeFlags, ...outputFlag },
  async run(input) {
    return pickDeed('config', deeds, input.args[0])(input)
  },
}

async function put(input: CommandInput): Promise<number> {
  const name = requiredArgument('weft config put NAME KEY=VALUE', input.args, 1)
  const config = pairArguments('weft config put', input.args.slice(2))
  return askLattice(input, async (client) => {
    await client.putConfig(name, config)
    return { said: `config ${name} put`, data: { name, config } }
  })
}

async function get(input: CommandInput): Promise<number> {
  const name = requiredArgument('weft config get NAME', input.args, 1)
  refuseExtra(input, 'weft config get', 2)
  return askLattice(input, async (client) => {
    const config = await client.getConfig(name)
    if (config === undefined) throw new WeftError('not_found', `there is no config ${name}`)
    const lines = Object.entries(config).map(([key, value]) => `${key}=${value}`)
    return { said: lines.join('\n'), data: config }
  })
}

async function del(input: CommandInput): Promise<number> {
  const name = requiredArgument('weft config del NAME', input.args, 1)
  refuseExtra(input, 'weft config del', 2)
  return askLattice(input, async (client) => {
    const wasThere = (await client.getConfig(name)) !== undefined
    // A host says yes also to what is not there, and deletes what was put since.
    await client.deleteConfig(name)
    const said = wasThere ? `config ${name} deleted` : `nothing deleted: there is no config ${name}`
    return { said, data: { name, deleted: wasThere } }
  })
}
