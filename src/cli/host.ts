import { withoutSecrets } from '../lattice/connect.ts'
import { startInstrumentedHost } from '../start-host.ts'
import { describeSignals } from '../telemetry/signals.ts'
import { type Command, latticeFlags } from './command.ts'
import { controllerOn } from './controller-on.ts'
import { hostFlags, hostOptionsFrom } from './host-flags.ts'
import { natsFrom, rpcFlags, rpcFrom } from './nats-flags.ts'
import { untilStopped } from './until-stopped.ts'

export const command: Command = {
  name: 'host',
  summary: 'Start a host and join a lattice',
  usage: ['weft host [flags]'],
  examples: [
    { run: 'weft host', does: 'join the lattice that `weft up` runs on this machine' },
    {
      run: 'weft host --nats-url nats://10.0.0.5:4222 --label zone=eu',
      does: 'join another one, with a label',
    },
    { run: 'weft host --controller', does: 'deploy applications too, as one of several that can' },
  ],
  flags: {
    ...latticeFlags,
    ...rpcFlags,
    ...hostFlags,
    controller: {
      type: 'boolean',
      help: 'run the controller here too: it keeps deployed applications running',
    },
  },
  async run(input) {
    const { terminal, flags } = input
    const options = hostOptionsFrom(input)
    const where = await natsFrom(input)
    const { natsUrl, lattice } = where
    const stopped = untilStopped(terminal.signal)
    await using started = new AsyncDisposableStack()

    const host = await startInstrumentedHost({
      ...options,
      ...where,
      rpc: rpcFrom(input, where),
      onStopRequest: stopped.request,
    })
    let graceMs = 0
    started.defer(() => host.stop(graceMs))
    if (flags['controller']) {
      const controller = await controllerOn({ ...where, traceWork: host.traceController, log: host.log })
      started.defer(() => controller.stop())
    }
    terminal.out(
      `host ${host.friendlyName} (${host.id}) has joined lattice ${lattice} at ${withoutSecrets(natsUrl)}\n`,
    )
    for (const line of describeSignals(process.env)) terminal.out(`  ${line}\n`)
    const stop = await stopped.wait()
    graceMs = stop.graceMs
    if (stop.failure === undefined) return 0
    terminal.err(`weft: ${stop.failure}\n`)
    return 1
  },
}
