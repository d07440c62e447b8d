import { type AppClient, createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import { schema, validate } from './app-files.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { deployApp } from './deploy-app.ts'
import { durationFlag, printJson, printTable, wantsJson } from './output.ts'
import { pickDeed } from './pick-deed.ts'
import { readApp } from './read-app.ts'
import { refuseExtra } from './refuse-extra.ts'
import { traceDeploy } from './trace-deploy.ts'

type Deed = (input: CommandInput, argument: string) => Promise<number>

const deeds: Readonly<Record<string, Deed>> = {
  validate,
  schema,
  deploy,
  undeploy,
  delete: remove,
  list,
  status,
}
/** Those that take nothing behind their name. */
const alone = ['list', 'schema']

export const command: Command = {
  name: 'app',
  summary: 'Deploy applications from manifests, and look after them',
  usage: [
    'weft app validate MANIFEST',
    'weft app deploy MANIFEST [--no-wait] [--timeout 60s]',
    'weft app schema',
    'weft app list',
    'weft app status NAME',
    'weft app undeploy NAME',
    'weft app delete NAME',
  ],
  examples: [
    { run: 'weft app validate app.yaml', does: 'check a manifest and its component files; nothing is sent' },
    {
      run: 'weft app schema > weft.schema.json',
      does: 'the JSON Schema of manifests, for editors',
    },
    { run: 'weft app deploy app.yaml', does: 'deploy it and wait until it runs' },
    { run: 'weft app status hello', does: 'what runs, and why something does not' },
    { run: 'weft app undeploy hello', does: 'stop it; the manifest stays stored' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    wait: { type: 'boolean', help: 'deploy: wait until it runs; this is the default' },
    'no-wait': { type: 'boolean', help: 'deploy: do not wait until it runs' },
    timeout: { type: 'string', value: 'TIME', help: 'deploy: how long to wait (default 60s)' },
  },
  async run(input) {
    const [name, argument = ''] = input.args
    const deed = pickDeed('app', deeds, name)
    refuseExtra(input, `weft app ${name}`, alone.includes(name ?? '') ? 1 : 2)
    wantsJson(input)
    if (argument === '' && !alone.includes(name ?? '')) {
      const what = name === 'validate' || name === 'deploy' ? 'a manifest file' : 'the name of an application'
      throw new WeftError('invalid', `weft app ${name}: expected ${what}`)
    }
    return deed(input, argument)
  },
}

function withApps(input: CommandInput, work: (apps: AppClient) => Promise<number>): Promise<number> {
  return withLattice(input, (open) => work(createAppClient(open)))
}

async function deploy(input: CommandInput, file: string): Promise<number> {
  const { flags } = input
  if (flags['wait'] && flags['no-wait'])
    throw new WeftError('invalid', '--wait and --no-wait say different things: keep one')
  const timeoutMs = flags['no-wait'] ? 0 : durationFlag('timeout', flags['timeout'], 60_000)
  // Before anything is sent, and before a lattice is needed.
  await readApp(file)
  return withLattice(input, async (open) => {
    const app = await traceDeploy(open, input.terminal.env, (trace) =>
      deployApp({ apps: createAppClient({ ...open, trace }), file, timeoutMs, terminal: input.terminal }),
    )
    if (wantsJson(input)) printJson(input, app)
    else input.terminal.out(`${[`${app.name} ${app.version}: ${app.state}`, ...app.urls].join('  ')}\n`)
    if (app.state === 'deployed' || timeoutMs === 0) return 0
    for (const line of app.missing) input.terminal.err(`weft: ${line}\n`)
    return 1
  })
}

async function undeploy(input: CommandInput, name: string): Promise<number> {
  return withApps(input, async (apps) => {
    await apps.undeploy(name)
    if (wantsJson(input)) printJson(input, { name, state: 'undeployed' })
    else input.terminal.out(`${name} is being undeployed\n`)
    return 0
  })
}

async function remove(input: CommandInput, name: string): Promise<number> {
  return withApps(input, async (apps) => {
    if (!(await apps.delete(name))) throw new WeftError('not_found', `there is no application ${name}`)
    if (wantsJson(input)) printJson(input, { name, state: 'deleted' })
    else input.terminal.out(`${name} is deleted\n`)
    return 0
  })
}

async function list(input: CommandInput): Promise<number> {
  return withApps(input, async (apps) => {
    const found = await apps.list()
    if (wantsJson(input)) printJson(input, found)
    else if (found.length === 0) input.terminal.out('no applications\n')
    else {
      printTable(
        input,
        ['APPLICATION', 'VERSION', 'DEPLOYED', 'STATUS', 'DESCRIPTION'],
        found.map((app) => [
          app.name,
          app.version,
          app.deployedVersion ?? '-',
          app.status.status.type,
          app.description ?? '',
        ]),
      )
    }
    return 0
  })
}

async function status(input: CommandInput, name: string): Promise<number> {
  return withApps(input, async (apps) => {
    const found = await apps.status(name)
    if (wantsJson(input)) {
      printJson(input, found)
      return 0
    }
    const { type, message } = found.status
    input.terminal.out(`${name} ${found.version}: ${type}${message === '' ? '' : `, ${message}`}\n`)
    printTable(
      input,
      ['PART', 'NAME', 'STATUS', 'WHY'],
      found.scalers.map((one) => [
        one.kind.replace('Scaler', '').toLowerCase(),
        one.name,
        one.status.type,
        one.status.message,
      ]),
    )
    return 0
  })
}
