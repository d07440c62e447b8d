import { WeftError } from '../errors.ts'
import { type ControlClient, createControlClient } from '../lattice/control-client.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { inventories } from './find-hosts.ts'
import { printJson, printTable, wantsJson } from './output.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'

type Get = (input: CommandInput, client: ControlClient) => Promise<void>

const things: Readonly<Record<string, Get>> = {
  hosts: getHosts,
  inventory: getInventory,
  components: getComponents,
  providers: getProviders,
  links: getLinks,
  claims: getClaims,
  config: getConfig,
}

export const command: Command = {
  name: 'get',
  summary: 'Show hosts, what runs on them, links and config',
  usage: [
    'weft get hosts [flags]',
    'weft get inventory [HOST] [flags]',
    'weft get components | providers | links | claims [flags]',
    'weft get config NAME [flags]',
  ],
  examples: [
    { run: 'weft get hosts', does: 'every host of the lattice' },
    { run: 'weft get inventory brave-maple-1234', does: 'what one host runs' },
    { run: 'weft get components -o json', does: 'for machines' },
  ],
  flags: { ...latticeFlags, ...outputFlag },
  async run(input) {
    const [thing] = input.args
    const get = pickDeed('get', things, thing)
    refuseExtra(input, `weft get ${thing}`, thing === 'inventory' || thing === 'config' ? 2 : 1)
    if (thing === 'config' && !input.args[1])
      throw new WeftError('invalid', 'weft get config: expected the name of a config')
    wantsJson(input)
    await withLattice(input, (open) => get(input, createControlClient(open)))
    return 0
  },
}

async function getHosts(input: CommandInput, client: ControlClient): Promise<void> {
  const hosts = (await client.ping()).toSorted((a, b) => a.friendly_name.localeCompare(b.friendly_name))
  if (wantsJson(input)) return printJson(input, hosts)
  if (hosts.length === 0) return input.terminal.out('no hosts answer\n')
  printTable(
    input,
    ['HOST', 'ID', 'UP', 'VERSION', 'LABELS'],
    hosts.map((host) => [
      host.friendly_name,
      host.id,
      host.uptime_human,
      host.version,
      pairs(Object.fromEntries(Object.entries(host.labels).filter(([key]) => !key.startsWith('hostcore.')))),
    ]),
  )
}

async function getInventory(input: CommandInput, client: ControlClient): Promise<void> {
  const found = await inventories(client, input.args[1])
  if (wantsJson(input)) return printJson(input, found)
  if (found.length === 0) return input.terminal.out('no hosts answer\n')
  printTable(
    input,
    ['HOST', 'KIND', 'ID', 'MAX', 'APPLICATION', 'IMAGE'],
    found.flatMap((host) => {
      const components = host.components.map((one) => [
        host.friendly_name,
        'component',
        one.id,
        String(one.max_instances),
        appOf(one),
        one.image_ref,
      ])
      const providers = host.providers.map((one) => [
        host.friendly_name,
        'provider',
        one.id,
        '',
        appOf(one),
        one.image_ref,
      ])
      const all = [...components, ...providers]
      return all.length > 0 ? all : [[host.friendly_name, '(nothing)', '', '', '', '']]
    }),
  )
}

async function getComponents(input: CommandInput, client: ControlClient): Promise<void> {
  const found = byId(await inventories(client), (host) => host.components)
  if (wantsJson(input)) return printJson(input, found)
  if (found.length === 0) return input.terminal.out('no components run\n')
  printTable(
    input,
    ['COMPONENT', 'HOSTS', 'MAX', 'APPLICATION', 'IMAGE'],
    found.map(({ id, on }) => [
      id,
      on.map(({ host }) => host).join(', '),
      String(on.reduce((sum, { item }) => sum + item.max_instances, 0)),
      on[0] ? appOf(on[0].item) : '',
      on[0]?.item.image_ref ?? '',
    ]),
  )
}

async function getProviders(input: CommandInput, client: ControlClient): Promise<void> {
  const found = byId(await inventories(client), (host) => host.providers)
  if (wantsJson(input)) return printJson(input, found)
  if (found.length === 0) return input.terminal.out('no providers run\n')
  printTable(
    input,
    ['PROVIDER', 'HOSTS', 'APPLICATION', 'IMAGE'],
    found.map(({ id, on }) => [
      id,
      on.map(({ host }) => host).join(', '),
      on[0] ? appOf(on[0].item) : '',
      on[0]?.item.image_ref ?? '',
    ]),
  )
}

async function getLinks(input: CommandInput, client: ControlClient): Promise<void> {
  const links = await client.links()
  if (wantsJson(input)) return printJson(input, links)
  if (links.length === 0) return input.terminal.out('no links\n')
  printTable(
    input,
    ['SOURCE', 'TARGET', 'NAME', 'INTERFACES', 'SOURCE CONFIG', 'TARGET CONFIG'],
    links.map((link) => [
      link.source_id,
      link.target,
      link.name,
      `${link.wit_namespace}:${link.wit_package}/${link.interfaces.join(',')}`,
      link.source_config.join(', '),
      link.target_config.join(', '),
    ]),
  )
}

async function getClaims(input: CommandInput, client: ControlClient): Promise<void> {
  const claims = await client.claims()
  if (wantsJson(input)) return printJson(input, claims)
  if (claims.length === 0) return input.terminal.out('no signed component or provider\n')
  printTable(
    input,
    ['NAME', 'SUBJECT', 'ISSUER', 'VERSION'],
    claims.map(({ name = '', sub = '', iss = '', version = '' }) => [name, sub, iss, version]),
  )
}

async function getConfig(input: CommandInput, client: ControlClient): Promise<void> {
  const name = input.args[1] ?? ''
  const config = await client.getConfig(name)
  if (config === undefined) throw new WeftError('not_found', `there is no config ${name}`)
  if (wantsJson(input)) return printJson(input, config)
  printTable(input, ['KEY', 'VALUE'], Object.entries(config))
}

/** Items with one id together, with the host that each is on. */
function byId<T extends { readonly id: string }>(
  hosts: readonly HostInventory[],
  itemsOf: (host: HostInventory) => readonly T[],
): {
  readonly id: string
  readonly on: { readonly host: string; readonly hostId: string; readonly item: T }[]
}[] {
  const all = hosts.flatMap((host) =>
    itemsOf(host).map((item) => ({ host: host.friendly_name, hostId: host.host_id, item })),
  )
  return [...Map.groupBy(all, ({ item }) => item.id)]
    .map(([id, on]) => ({ id, on }))
    .toSorted((a, b) => a.id.localeCompare(b.id))
}

function appOf({ annotations }: { readonly annotations: Readonly<Record<string, string>> }): string {
  return annotations['wasmcloud.dev/appspec'] ?? ''
}

function pairs(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}
