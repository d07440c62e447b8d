import { join } from 'node:path'
import { createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import { connectNats } from '../lattice/connect.ts'
import { startNatsServer } from '../lattice/nats-server.ts'
import { clearRunning, stateDir, writeRunning } from '../lattice/state-file.ts'
import { createLog } from '../log.ts'
import { startInstrumentedHost } from '../start-host.ts'
import type { Command } from './command.ts'
import { controllerOn } from './controller-on.ts'
import { deployApp } from './deploy-app.ts'
import { hostFlags, hostOptionsFrom } from './host-flags.ts'
import { keepLogs } from './keep-logs.ts'
import { keepTraces } from './keep-traces.ts'
import { readApp } from './read-app.ts'
import { readyBlock } from './ready-block.ts'
import { secretsBackendOn } from './secrets-backend.ts'
import { storedApps } from './stored-apps.ts'
import { traceDeploy } from './trace-deploy.ts'
import { untilStopped } from './until-stopped.ts'

/** Hosts on the same machine are heard at once. */
const settleMs = 400
/** How long `up` waits for an application before it says what is missing. */
const deployMs = 60_000

export const command: Command = {
  name: 'up',
  summary: 'Start a lattice on this machine: NATS, a host, the controller',
  usage: ['weft up [MANIFEST…] [flags]'],
  examples: [
    { run: 'weft up', does: 'a lattice that remembers what was deployed' },
    { run: 'weft up app.yaml', does: 'the same, and deploy an application' },
    { run: 'weft up --ephemeral --port 0', does: 'a throw-away lattice beside another' },
  ],
  flags: {
    lattice: {
      type: 'string',
      value: 'NAME',
      help: 'name of the lattice (env WEFT_LATTICE; default: default)',
    },
    port: {
      type: 'string',
      value: 'PORT',
      help: 'port of NATS (default 4222 or the next free one; 0 takes any)',
    },
    ephemeral: { type: 'boolean', help: 'keep nothing: data goes when the lattice stops' },
    ...hostFlags,
  },
  async run(input) {
    const { terminal, flags, args } = input
    const options = hostOptionsFrom(input)
    const lattice = (flags['lattice'] as string | undefined) ?? terminal.env['WEFT_LATTICE'] ?? 'default'
    const log = createLog(options.logSink)
    // A mistake in a manifest shows before anything is started.
    for (const file of args) await readApp(file)
    const stopped = untilStopped(terminal.signal)
    let graceMs = 0
    // Whatever has been started is stopped in reverse, also when a later step fails.
    await using started = new AsyncDisposableStack()

    const nats = await startNatsServer({
      storeDir: join(stateDir(terminal.env), 'nats'),
      log: log.with({ program: 'nats-server' }),
      ephemeral: flags['ephemeral'] === true,
      ...portFrom(flags['port'] as string | undefined),
    })
    started.defer(() => nats.stop())
    const where = { natsUrl: nats.url, lattice }
    const host = await startInstrumentedHost({ ...options, ...where, onStopRequest: stopped.request })
    started.defer(() => host.stop(graceMs))
    const connection = await connectNats({ url: nats.url, name: 'weft-up', log })
    started.defer(() => connection.drain().catch(() => {}))
    const traces = await keepTraces({ connection, lattice, log })
    started.defer(() => traces.stop())
    const logs = keepLogs({ connection, lattice, log })
    started.defer(() => logs.stop())
    const secrets = await secretsBackendOn(input, { connection, log })
    started.defer(() => secrets.stop())
    // What it does shows as progress of the deploy; its own lines are for those who debug.
    const quiet = createLog(({ level, message, attributes }) =>
      host.log.write(level === 'info' ? 'debug' : level, message, attributes),
    )
    const controller = await controllerOn({ ...where, traceWork: host.traceController, log: quiet, settleMs })
    started.defer(() => controller.stop())
    await writeRunning({ url: nats.url, lattice, pid: process.pid, hostId: host.id }, terminal.env)
    started.defer(() => clearRunning(process.pid, terminal.env))

    const client = createAppClient({ connection, lattice })
    for (const file of args) {
      await traceDeploy({ connection, lattice, log }, terminal.env, (trace) => {
        const apps = createAppClient({ connection, lattice, trace })
        return deployApp({ apps, file, timeoutMs: deployMs, terminal })
      })
    }
    const apps = await storedApps(client, terminal)
    terminal.out(readyBlock({ ...where, natsVersion: nats.version, host, apps, env: process.env, terminal }))
    const stop = await stopped.wait()
    graceMs = stop.graceMs
    terminal.out('\nstopping: calls in flight may finish\n')
    if (stop.failure === undefined) return 0
    terminal.err(`weft: ${stop.failure}\n`)
    return 1
  },
}

function portFrom(text: string | undefined): { port?: number } {
  if (text === undefined) return {}
  const port = Number(text)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return { port }
  throw new WeftError('invalid', `--port: expected a port from 0 to 65535, got ${JSON.stringify(text)}`)
}
