import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WeftError } from '../errors.ts'
import type { ScaleRequest } from '../lattice/control.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { subscribeEvents } from '../lattice/events.ts'
import type { HostInventory } from '../lattice/inventory.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { findHost, inventories } from './find-hosts.ts'
import { countFrom, durationFlag, printJson, wantsJson } from './output.ts'

const mostInstances = 4_294_967_295

export const command: Command = {
  name: 'scale',
  summary: 'Set how many invocations of a component a host may run at once; 0 stops it',
  usage: ['weft scale COMPONENT COUNT [flags]'],
  examples: [
    { run: 'weft scale greeter 5 --ref greeter.wasm', does: 'start a component from a file on one host' },
    { run: 'weft scale greeter 20', does: 'change it on every host that runs it' },
    { run: 'weft scale greeter 5 --all-hosts', does: 'run it on every host' },
    { run: 'weft scale greeter 0', does: 'stop it' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    host: { type: 'string', value: 'HOST', help: 'only this host, by name or id' },
    'all-hosts': { type: 'boolean', help: 'every host of the lattice' },
    ref: {
      type: 'string',
      value: 'FILE',
      help: 'the component, when it does not run yet: a file or a reference',
    },
    config: {
      type: 'string',
      multiple: true,
      value: 'NAME',
      help: 'a config it gets (repeat for more; default: what it has)',
    },
    timeout: { type: 'string', value: 'TIME', help: 'how long a host may take (default 30s)' },
  },
  async run(input) {
    const [id, count] = input.args
    if (id === undefined) throw new WeftError('invalid', 'weft scale: expected COMPONENT COUNT')
    const instances = countFrom('COUNT', count, mostInstances)
    const timeoutMs = durationFlag('timeout', input.flags['timeout'], 30_000)
    const asJson = wantsJson(input)
    const outcomes = await withLattice(input, async (open) => {
      const client = createControlClient(open)
      const requests = await requestsFor(input, await inventories(client), id, instances)
      return Promise.all(
        requests.map(({ request, host }) => scaleOne(open, client, { request, host, timeoutMs })),
      )
    })
    if (asJson) printJson(input, outcomes)
    else
      for (const one of outcomes)
        input.terminal.out(`${one.host}: ${one.error ?? `${id} at ${one.max_instances}`}\n`)
    return outcomes.some((one) => one.error !== undefined) ? 1 : 0
  },
}

interface Outcome {
  readonly host: string
  readonly host_id: string
  readonly max_instances: number
  readonly error?: string
}

async function requestsFor(
  { flags, terminal }: CommandInput,
  hosts: readonly HostInventory[],
  id: string,
  count: number,
): Promise<{ readonly host: HostInventory; readonly request: ScaleRequest }[]> {
  if (hosts.length === 0) throw new WeftError('unavailable', 'no host answers in this lattice')
  const running = hosts.filter((host) => host.components.some((one) => one.id === id))
  const model = running[0]?.components.find((one) => one.id === id)
  const ref = flags['ref'] === undefined ? model?.image_ref : absoluteRef(String(flags['ref']))
  if (ref === undefined) {
    throw new WeftError('invalid', `${id} runs on no host: say which component it is with --ref FILE`)
  }
  const app = model?.annotations['wasmcloud.dev/appspec']
  if (app !== undefined) {
    terminal.err(
      `note: ${id} belongs to application ${app}: its controller sets it back to what the manifest says\n`,
    )
  }
  const config = flags['config'] as readonly string[] | undefined
  return hostsFor(flags, hosts, running).map((host) => {
    const here = host.components.find((one) => one.id === id) ?? model
    return {
      host,
      request: {
        component_ref: ref,
        component_id: id,
        annotations: here?.annotations ?? {},
        count,
        host_id: host.host_id,
        config: config ?? here?.config ?? [],
        allow_update: flags['ref'] !== undefined,
      },
    }
  })
}

function hostsFor(
  flags: CommandInput['flags'],
  hosts: readonly HostInventory[],
  running: readonly HostInventory[],
): readonly HostInventory[] {
  if (flags['host'] !== undefined) {
    const known = hosts.map((host) => ({ ...host, id: host.host_id, lattice: '' }))
    const { id } = findHost(known, String(flags['host']))
    return hosts.filter((host) => host.host_id === id)
  }
  if (flags['all-hosts']) return hosts
  return running.length > 0 ? running : hosts.slice(0, 1)
}

function absoluteRef(text: string): string {
  if (/^[a-z+]+:\/\//i.test(text) || !/\.wasm$|^[./]/.test(text)) return text
  return pathToFileURL(resolve(text)).href
}

/** Sends the request and waits for the event that tells how it ended. */
async function scaleOne(
  open: Parameters<Parameters<typeof withLattice>[1]>[0],
  client: ReturnType<typeof createControlClient>,
  one: { readonly request: ScaleRequest; readonly host: HostInventory; readonly timeoutMs: number },
): Promise<Outcome> {
  const { request, host, timeoutMs } = one
  const { promise, resolve: settle } = Promise.withResolvers<string | undefined>()
  const timer = setTimeout(() => settle(`no answer within ${timeoutMs} ms`), timeoutMs)
  const events = subscribeEvents({
    ...open,
    onEvent({ name, source, data }) {
      if (source !== request.host_id) return
      if (name === 'component_scaled' && data.component_id === request.component_id) settle(undefined)
      if (name === 'component_scale_failed' && data.component_id === request.component_id) settle(data.error)
    },
  })
  try {
    await open.connection.flush()
    await client.scale(request)
    const error = await promise
    return {
      host: host.friendly_name,
      host_id: host.host_id,
      max_instances: request.count,
      ...(error !== undefined && { error }),
    }
  } finally {
    clearTimeout(timer)
    events.stop()
  }
}
