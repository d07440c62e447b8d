import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { Link } from '../lattice/link.ts'
import { withoutLink } from '../lattice/link-set.ts'
import type { LinkKey } from '../lattice/link-shape.ts'
import { askLattice } from './ask-lattice.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { inventories } from './find-hosts.ts'
import { requiredArgument } from './pair-arguments.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'

const deeds: Readonly<Record<string, (input: CommandInput) => Promise<number>>> = { put, del }

export const command: Command = {
  name: 'link',
  summary: 'Put and delete links between components and providers while they run',
  usage: ['weft link put SOURCE TARGET INTERFACE [flags]', 'weft link del SOURCE INTERFACE [flags]'],
  examples: [
    {
      run: 'weft link put hello keyvalue wasi:keyvalue/store,atomics --target-config my-bucket',
      does: 'link a component to a provider',
    },
    { run: 'weft link del hello wasi:keyvalue', does: 'take the link away' },
    { run: 'weft get links', does: 'every link of the lattice' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    name: { type: 'string', value: 'NAME', help: 'name of the link (default: default)' },
    'source-config': { type: 'string', multiple: true, value: 'NAME', help: "a config for the source's end" },
    'target-config': { type: 'string', multiple: true, value: 'NAME', help: "a config for the target's end" },
  },
  async run(input) {
    return pickDeed('link', deeds, input.args[0])(input)
  },
}

async function put(input: CommandInput): Promise<number> {
  const what = 'weft link put SOURCE TARGET INTERFACE'
  const source_id = requiredArgument(what, input.args, 1)
  const target = requiredArgument(what, input.args, 2)
  const { wit_namespace, wit_package, interfaces } = interfaceFrom(requiredArgument(what, input.args, 3))
  refuseExtra(input, 'weft link put', 4)
  if (interfaces.length === 0)
    throw new WeftError('invalid', 'weft link put: expected interfaces, such as wasi:keyvalue/store,atomics')
  const link = {
    source_id,
    target,
    name: nameOf(input),
    wit_namespace,
    wit_package,
    interfaces,
    source_config: (input.flags['source-config'] ?? []) as readonly string[],
    target_config: (input.flags['target-config'] ?? []) as readonly string[],
  }
  return askLattice(input, async (client) => {
    await client.putLink(link)
    // It is put, whatever comes of looking around.
    const idle = await notRunning(client, [source_id, target]).catch(() => [])
    const said = `link ${source_id} → ${target} put`
    return {
      said: idle.length === 0 ? said : `${said}; ${idle.join(' and ')} ${runsNot(idle)} yet`,
      data: { ...link, not_running: idle },
    }
  })
}

/** A link may come before what it links; that an end runs nowhere may also be a slip of the pen. */
async function notRunning(client: ControlClient, ids: readonly string[]): Promise<readonly string[]> {
  const hosts = await inventories(client)
  const running = new Set(
    hosts.flatMap(({ components, providers }) => [...components, ...providers]).map(({ id }) => id),
  )
  return ids.filter((id) => !running.has(id))
}

function runsNot(ids: readonly string[]): string {
  return ids.length === 1 ? 'does not run' : 'do not run'
}

async function del(input: CommandInput): Promise<number> {
  const what = 'weft link del SOURCE INTERFACE'
  const source_id = requiredArgument(what, input.args, 1)
  const { wit_namespace, wit_package } = interfaceFrom(requiredArgument(what, input.args, 2))
  refuseExtra(input, 'weft link del', 3)
  const key = { source_id, name: nameOf(input), wit_namespace, wit_package }
  return askLattice(input, async (client) => {
    const links = await client.links()
    const { removed } = withoutLink(links, key)
    // A host says yes also to what is not there, and deletes what was put since.
    await client.deleteLink(key)
    const said = removed
      ? `${textOf(key)} deleted`
      : `nothing deleted: there is no ${textOf(key)}${hint(links, key)}`
    return { said, data: { ...key, deleted: removed !== undefined } }
  })
}

function textOf(key: LinkKey): string {
  return `link of ${key.source_id} for ${forWhat(key)}`
}

function forWhat({ name, wit_namespace, wit_package }: LinkKey): string {
  return `${wit_namespace}:${wit_package}${name === 'default' ? '' : ` named ${name}`}`
}

/** What may have been meant: the links that the source has. */
function hint(links: readonly Link[], { source_id }: LinkKey): string {
  const its = links.filter((link) => link.source_id === source_id).map(forWhat)
  return its.length === 0 ? '; `weft get links` shows all' : `; it has links for ${its.join(', ')}`
}

function nameOf({ flags }: CommandInput): string {
  return typeof flags['name'] === 'string' ? flags['name'] : 'default'
}

/** Reads `wasi:keyvalue/store,atomics`. */
function interfaceFrom(text: string): {
  readonly wit_namespace: string
  readonly wit_package: string
  readonly interfaces: readonly string[]
} {
  const [, wit_namespace, wit_package, names = ''] =
    /^([a-z][\w-]*):([a-z][\w-]*)(?:\/([\w,-]+))?$/.exec(text) ?? []
  if (wit_namespace === undefined || wit_package === undefined)
    throw new WeftError(
      'invalid',
      `${JSON.stringify(text)} is no interface, expected one such as wasi:keyvalue/store,atomics`,
    )
  return { wit_namespace, wit_package, interfaces: names.split(',').filter((name) => name !== '') }
}
