import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { oneToken } from '../lattice/subjects.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { inventories } from './find-hosts.ts'
import { countFrom, durationFlag, printJson, wantsJson } from './output.ts'
import { refuseExtra } from './refuse-extra.ts'
import { type KeptScale, scaleApplication } from './scale-application.ts'
import { scaleHost } from './scale-host.ts'
import { type HostScale, scaleRequests } from './scale-requests.ts'

const mostInstances = 4_294_967_295

export const command: Command = {
  name: 'scale',
  summary: 'Set how many invocations of a component may run at once; 0 stops it',
  usage: ['weft scale COMPONENT COUNT [flags]', 'weft scale COMPONENT auto'],
  examples: [
    { run: 'weft scale greeter 5 --ref greeter.wasm', does: 'start a component from a file on one host' },
    { run: 'weft scale greeter 20', does: 'change it on every host that runs it' },
    {
      run: 'weft scale shop-cart 20',
      does: 'a component of an application: so many over all hosts, until another version is deployed',
    },
    { run: 'weft scale shop-cart auto', does: 'give it back to its manifest and autoscaler' },
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
    const { flags, terminal } = input
    const [id = '', count] = input.args
    if (id === '') throw new WeftError('invalid', 'weft scale: expected COMPONENT COUNT')
    refuseExtra(input, 'weft scale', 2)
    oneToken('component', id)
    if (flags['host'] !== undefined && flags['all-hosts'])
      throw new WeftError('invalid', '--host and --all-hosts say different things: keep one')
    const timeoutMs = durationFlag('timeout', flags['timeout'], 30_000)
    const asJson = wantsJson(input)
    const isForHosts = ['host', 'all-hosts', 'ref', 'config'].some((name) => flags[name] !== undefined)
    const instances = count === 'auto' ? null : countFrom('COUNT', count, mostInstances)
    if (instances === null && isForHosts)
      throw new WeftError('invalid', 'weft scale COMPONENT auto: expected no flags for single hosts')
    if (!isForHosts) {
      const kept = await withLattice(input, (open) =>
        scaleApplication({ open, scale: { component: id, instances }, timeoutMs, signal: terminal.signal }),
      )
      if (kept) return printKept(input, kept)
    }
    if (instances === null)
      throw new WeftError('not_found', `${id} is no component of a deployed application: expected COUNT`)
    const wanted = {
      id,
      count: instances,
      allHosts: flags['all-hosts'] === true,
      ...(typeof flags['host'] === 'string' && { host: flags['host'] }),
      ...(typeof flags['ref'] === 'string' && { ref: flags['ref'] }),
      ...(flags['config'] !== undefined && { config: flags['config'] as readonly string[] }),
    }
    const outcomes = await withLattice(input, async (open) => {
      const client = createControlClient(open)
      const requests = scaleRequests(await inventories(client), wanted)
      for (const app of applicationsOf(requests)) {
        const undo = 'its controller sets it back to what the manifest says'
        terminal.err(`note: ${id} belongs to application ${app}: ${undo}\n`)
      }
      const { signal } = terminal
      return Promise.all(requests.map((scale) => scaleHost({ open, client, scale, timeoutMs, signal })))
    })
    if (asJson) printJson(input, outcomes)
    for (const { host, error, max_instances } of outcomes) {
      if (error !== undefined) terminal.err(`weft: ${host}: ${error}\n`)
      else if (!asJson) terminal.out(`${host}: ${id} at ${max_instances}\n`)
    }
    return outcomes.some(({ error }) => error !== undefined) ? 1 : 0
  },
}

function printKept(input: CommandInput, kept: KeptScale): number {
  const { component, application, instances, running, hosts } = kept
  if (wantsJson(input)) printJson(input, kept)
  else {
    const where = `${running} of ${instances} instances on ${hosts} host${hosts === 1 ? '' : 's'}`
    const until = kept.byHand ? `, until another version of ${application} is deployed` : ''
    input.terminal.out(`${component}: ${where}${until}\n`)
  }
  if (running === instances) return 0
  input.terminal.err(`weft: ${component} is not there yet; \`weft app status ${application}\` says why\n`)
  return 1
}

function applicationsOf(requests: readonly HostScale[]): ReadonlySet<string> {
  return new Set(requests.flatMap(({ request }) => request.annotations['wasmcloud.dev/appspec'] ?? []))
}
