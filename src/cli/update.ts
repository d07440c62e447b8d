import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { inventories } from './find-hosts.ts'
import { durationFlag, printJson, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { refuseExtra } from './refuse-extra.ts'
import { absoluteRef } from './scale-requests.ts'
import { updateApplication } from './update-application.ts'
import { updateHosts } from './update-hosts.ts'

export const command: Command = {
  name: 'update',
  summary: 'Give a running component another image, wherever it runs, while calls go on',
  usage: ['weft update COMPONENT REF [flags]'],
  examples: [
    {
      run: 'weft update greeter ghcr.io/acme/greeter:1.1.0',
      does: 'on every host that runs it; back to what ran before when it does not start',
    },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    host: { type: 'string', value: 'HOST', help: 'only on this host, by name or id' },
    timeout: { type: 'string', value: 'TIME', help: 'how long to wait, by hand for each host (default 60s)' },
  },
  async run(input) {
    const what = 'weft update COMPONENT REF'
    const component = requiredArgument(what, input.args, 0)
    const image = absoluteRef(requiredArgument(what, input.args, 1))
    refuseExtra(input, 'weft update', 2)
    wantsJson(input)
    const timeoutMs = durationFlag('timeout', input.flags['timeout'], 60_000)
    const only = typeof input.flags['host'] === 'string' ? input.flags['host'] : undefined
    return withLattice(input, async (open) => {
      const hosts = (await inventories(createControlClient(open), only)).filter(({ components }) =>
        components.some(({ id }) => id === component),
      )
      if (hosts.length === 0) throw new WeftError('not_found', `component ${component} runs on no host`)
      const app = applicationOf(hosts, component)
      if (app === undefined) return byHand(input, open, { hosts, component, image, timeoutMs })
      if (only !== undefined)
        throw new WeftError(
          'invalid',
          `${component} belongs to application ${app}, which has one version on all hosts: leave out --host`,
        )
      return inApplication(input, open, { app, component, image, timeoutMs })
    })
  },
}

/** The application that a controller keeps it for. */
function applicationOf(hosts: readonly HostInventory[], component: string): string | undefined {
  const annotations = hosts.flatMap(({ components }) =>
    components.filter(({ id }) => id === component).map((one) => one.annotations),
  )
  const managed = annotations.find((one) => one['wasmcloud.dev/managed-by'] === 'wadm')
  return managed?.['wasmcloud.dev/appspec']
}

async function inApplication(
  input: CommandInput,
  open: OpenLattice,
  wanted: {
    readonly app: string
    readonly component: string
    readonly image: string
    readonly timeoutMs: number
  },
): Promise<number> {
  const app = await updateApplication({ open, ...wanted, terminal: input.terminal })
  if (wantsJson(input)) printJson(input, { id: wanted.component, application: app })
  else {
    const becomes = app.state.startsWith('rolled back') ? 'does not become' : 'is'
    const of = `${app.name} ${app.version}: ${app.state}`
    input.terminal.out(`${wanted.component} ${becomes} ${wanted.image} in ${of}\n`)
  }
  if (app.state === 'deployed') return 0
  for (const line of app.missing) input.terminal.err(`weft: ${line}\n`)
  return 1
}

async function byHand(
  input: CommandInput,
  open: OpenLattice,
  wanted: {
    readonly hosts: readonly HostInventory[]
    readonly component: string
    readonly image: string
    readonly timeoutMs: number
  },
): Promise<number> {
  const { component: id, image } = wanted
  const isJson = wantsJson(input)
  const hosts = await updateHosts({
    ...wanted,
    open,
    client: createControlClient(open),
    signal: input.terminal.signal,
    onHost: ({ host, from, error }) => {
      if (!isJson && error === undefined) input.terminal.out(`${host}: ${from} → ${image}\n`)
    },
  })
  if (isJson) printJson(input, { id, image, hosts })
  const failed = hosts.find(({ error }) => error !== undefined)
  if (!failed) return 0
  const others = hosts.length > 1 ? '; the others have what ran before again' : ''
  input.terminal.err(`weft: ${failed.host}: ${failed.error}${others}\n`)
  return 1
}
