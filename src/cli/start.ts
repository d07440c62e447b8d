import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { subscribeEvents } from '../lattice/events.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { type OpenLattice, withLattice } from './connect-lattice.ts'
import { findHost } from './find-hosts.ts'
import { durationFlag, printJson, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { refuseExtra } from './refuse-extra.ts'

export const command: Command = {
  name: 'start',
  summary: 'Start a provider on a host (a component starts with `weft scale`)',
  usage: ['weft start provider ID REF [flags]'],
  examples: [
    { run: 'weft start provider kv wasmcloud+builtin://keyvalue-nats', does: 'on some host' },
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
    config: { type: 'string', multiple: true, value: 'NAME', help: 'a config it gets (repeat for more)' },
    timeout: { type: 'string', value: 'TIME', help: 'how long the host may take (default 30s)' },
  },
  async run(input) {
    const what = 'weft start provider ID REF'
    if (input.args[0] !== 'provider')
      throw new WeftError('invalid', `${what}: a component starts with \`weft scale\``)
    const provider_id = requiredArgument(what, input.args, 1)
    const provider_ref = requiredArgument(what, input.args, 2)
    refuseExtra(input, 'weft start provider', 3)
    const asJson = wantsJson(input)
    const host = await withLattice(input, (open) => startOn(input, open, { provider_id, provider_ref }))
    if (asJson) printJson(input, { provider_id, provider_ref, host })
    else input.terminal.out(`provider ${provider_id} runs on ${host}\n`)
    return 0
  },
}

/** Asks a host and waits for the event that tells how it ended; gives the host's name. */
async function startOn(
  { flags }: CommandInput,
  open: OpenLattice,
  provider: { readonly provider_id: string; readonly provider_ref: string },
): Promise<string> {
  const timeoutMs = durationFlag('timeout', flags['timeout'], 30_000)
  const client = createControlClient(open)
  const hosts = await client.ping()
  const host = typeof flags['host'] === 'string' ? findHost(hosts, flags['host']) : hosts[0]
  if (!host) throw new WeftError('unavailable', 'no host answers: start one with `weft up`')
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
