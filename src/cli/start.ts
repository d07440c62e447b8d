import { WeftError } from '../errors.ts'
import { type ControlClient, createControlClient } from '../lattice/control-client.ts'
import { subscribeEvents } from '../lattice/events.ts'
import type { HostSummary } from '../lattice/inventory.ts'
import { oneToken } from '../lattice/subjects.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { findHost, inventories } from './find-hosts.ts'
import { countFrom, durationFlag, printJson, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'
import { scaleHost } from './scale-host.ts'
import { absoluteRef, scaleRequests } from './scale-requests.ts'

const deeds: Readonly<Record<string, (input: CommandInput) => Promise<number>>> = { component, provider }
const mostInstances = 4_294_967_295

export const command: Command = {
  name: 'start',
  summary: 'Start a component or a provider on a host',
  usage: ['weft start component ID REF [flags]', 'weft start provider ID REF [flags]'],
  examples: [
    { run: 'weft start component greeter greeter.wasm', does: 'on some host' },
    {
      run: 'weft start provider kv wasmcloud+builtin://keyvalue-nats --host brave-maple-1234',
      does: 'on this one',
    },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    host: {
      type: 'string',
      value: 'HOST',
      help: 'on this host, by name or id (default: the first that answers)',
    },
    instances: {
      type: 'string',
      value: 'N',
      help: 'of a component: how many invocations may run at once (default 1)',
    },
    config: { type: 'string', multiple: true, value: 'NAME', help: 'a config it gets (repeat for more)' },
    timeout: { type: 'string', value: 'TIME', help: 'how long the host may take (default 30s)' },
  },
  async run(input) {
    return pickDeed('start', deeds, input.args[0])(input)
  },
}

async function component(input: CommandInput): Promise<number> {
  const { flags, terminal } = input
  const what = 'weft start component ID REF'
  const id = oneToken('component', requiredArgument(what, input.args, 1))
  const ref = requiredArgument(what, input.args, 2)
  refuseExtra(input, 'weft start component', 3)
  const timeoutMs = durationFlag('timeout', flags['timeout'], 30_000)
  const count = countFrom('--instances', flags['instances'] ?? '1', mostInstances)
  const asJson = wantsJson(input)
  const outcome = await withLattice(input, async (open) => {
    const client = createControlClient(open)
    const host = await chosenHost(client, flags['host'])
    const config = (flags['config'] ?? []) as readonly string[]
    const wanted = { id, count, host: host.id, allHosts: false, ref, config }
    const [scale] = scaleRequests(await inventories(client, host.id), wanted)
    if (!scale) throw new WeftError('unavailable', `${host.friendly_name} does not answer`)
    return scaleHost({ open, client, scale, timeoutMs, signal: terminal.signal })
  })
  if (outcome.error !== undefined) throw new WeftError('unavailable', `${outcome.host}: ${outcome.error}`)
  if (asJson) printJson(input, { component_id: id, component_ref: absoluteRef(ref), host: outcome.host })
  else terminal.out(`component ${id} runs on ${outcome.host}\n`)
  return 0
}

async function provider(input: CommandInput): Promise<number> {
  const what = 'weft start provider ID REF'
  const provider_id = requiredArgument(what, input.args, 1)
  const provider_ref = requiredArgument(what, input.args, 2)
  refuseExtra(input, 'weft start provider', 3)
  if (input.flags['instances'] !== undefined)
    throw new WeftError('invalid', 'weft start provider: --instances is for components')
  const asJson = wantsJson(input)
  const host = await withLattice(input, (open) => startOn(input, open, { provider_id, provider_ref }))
  if (asJson) printJson(input, { provider_id, provider_ref, host })
  else input.terminal.out(`provider ${provider_id} runs on ${host}\n`)
  return 0
}

async function chosenHost(client: ControlClient, name: unknown): Promise<HostSummary> {
  const hosts = await client.ping()
  const host = typeof name === 'string' ? findHost(hosts, name) : hosts[0]
  if (host) return host
  throw new WeftError('unavailable', 'no host answers: start one with `weft up`')
}

/** Asks a host and waits for the event that tells how it ended; gives the host's name. */
async function startOn(
  { flags }: CommandInput,
  open: OpenLattice,
  provider: { readonly provider_id: string; readonly provider_ref: string },
): Promise<string> {
  const timeoutMs = durationFlag('timeout', flags['timeout'], 30_000)
  const client = createControlClient(open)
  const host = await chosenHost(client, flags['host'])
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const events = subscribeEvents({
    ...open,
    onEvent({ name, source, data }) {
      if (source !== host.id || !('provider_id' in data) || data.provider_id !== provider.provider_id) return
      if (name === 'provider_started') resolve()
      if (name === 'provider_start_failed' && 'error' in data)
        reject(new WeftError('unavailable', `${host.friendly_name}: ${data.error}`))
    },
  })
  const timer = setTimeout(
    () =>
      reject(
        new WeftError('deadline', `${host.friendly_name} did not tell within ${timeoutMs} ms how it went`),
      ),
    timeoutMs,
  )
  try {
    await open.connection.flush()
    const config = (flags['config'] ?? []) as readonly string[]
    await client.startProvider({ ...provider, host_id: host.id, config, annotations: {} })
    await promise
    return host.friendly_name
  } finally {
    clearTimeout(timer)
    events.stop()
  }
}
