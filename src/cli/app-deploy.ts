import { type AppClient, createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import type { CommandInput } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { type DeployedApp, deployApp, followDeploy } from './deploy-app.ts'
import { durationFlag, printJson, wantsJson } from './output.ts'
import { readApp } from './read-app.ts'
import { traceDeploy } from './trace-deploy.ts'
import { waitForRemoval } from './wait-for-app.ts'

/** `weft app deploy FILE`. */
export async function deploy(input: CommandInput, file: string): Promise<number> {
  const timeoutMs = waitFrom(input)
  // Before anything is sent, and before a lattice is needed.
  await readApp(file)
  return withLattice(input, async (open) => {
    const app = await traceDeploy(open, input.terminal.env, (trace) =>
      deployApp({ apps: createAppClient({ ...open, trace }), file, timeoutMs, terminal: input.terminal }),
    )
    return printDeployed(input, app, timeoutMs)
  })
}

/** `weft app rollback NAME [VERSION]`. */
export async function rollback(input: CommandInput, name: string): Promise<number> {
  const timeoutMs = waitFrom(input)
  return withLattice(input, async (open) => {
    const app = await traceDeploy(open, input.terminal.env, async (trace) => {
      const apps = createAppClient({ ...open, trace })
      const version = await apps.rollback(name, input.args[2])
      return followDeploy({ apps, name, version, timeoutMs, terminal: input.terminal })
    })
    return printDeployed(input, app, timeoutMs)
  })
}

/** `weft app undeploy NAME`: until nothing of it is left. */
export async function undeploy(input: CommandInput, name: string): Promise<number> {
  const timeoutMs = waitFrom(input)
  return withApps(input, async (apps) => {
    await apps.undeploy(name)
    const left = await waitForRemoval({ apps, name, timeoutMs, signal: input.terminal.signal })
    return printRemoved(input, { name, state: 'undeployed', left, timeoutMs })
  })
}

/** `weft app delete NAME [VERSION]`: with what is deployed of it. */
export async function remove(input: CommandInput, name: string): Promise<number> {
  const timeoutMs = waitFrom(input)
  const version = input.args[2]
  return withApps(input, async (apps) => {
    const versions = await apps.versions(name)
    const runs = versions.some((one) => one.deployed && (version === undefined || one.version === version))
    if (runs) await apps.undeploy(name)
    const left = runs ? await waitForRemoval({ apps, name, timeoutMs, signal: input.terminal.signal }) : ''
    if (!(await apps.delete(name, version))) {
      const what = version === undefined ? name : `${name} ${version}`
      throw new WeftError('not_found', `there is no application ${what}`)
    }
    return printRemoved(input, { name, version, state: 'deleted', left, timeoutMs })
  })
}

function withApps(input: CommandInput, work: (apps: AppClient) => Promise<number>): Promise<number> {
  return withLattice(input, (open) => work(createAppClient(open)))
}

/** How long to wait; 0 for not at all. */
function waitFrom({ flags }: CommandInput): number {
  if (flags['wait'] && flags['no-wait'])
    throw new WeftError('invalid', '--wait and --no-wait say different things: keep one')
  return flags['no-wait'] ? 0 : durationFlag('timeout', flags['timeout'], 60_000)
}

function printDeployed(input: CommandInput, app: DeployedApp, timeoutMs: number): number {
  if (wantsJson(input)) printJson(input, app)
  else input.terminal.out(`${[`${app.name} ${app.version}: ${app.state}`, ...app.urls].join('  ')}\n`)
  if (app.state === 'deployed' || timeoutMs === 0) return 0
  for (const line of app.missing) input.terminal.err(`weft: ${line}\n`)
  return 1
}

function printRemoved(
  input: CommandInput,
  of: {
    readonly name: string
    readonly version?: string | undefined
    readonly state: 'undeployed' | 'deleted'
    /** What still runs, '' for nothing. */
    readonly left: string
    readonly timeoutMs: number
  },
): number {
  const { name, version, state, left, timeoutMs } = of
  const what = version === undefined ? name : `${name} ${version}`
  if (wantsJson(input)) printJson(input, { name, version, state, left: left === '' ? undefined : left })
  else input.terminal.out(left === '' ? `${what} is ${state}\n` : `${what} is being ${state}\n`)
  if (left === '' || timeoutMs === 0) return 0
  input.terminal.err(`weft: ${left}\n`)
  return 1
}
