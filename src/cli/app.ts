import { type AppClient, createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import { deploy, remove, rollback, undeploy } from './app-deploy.ts'
import { schema, validate } from './app-files.ts'
import { diff, history, list, status } from './app-show.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { wantsJson } from './output.ts'
import { pickDeed } from './pick-deed.ts'
import { refuseExtra } from './refuse-extra.ts'

interface Deed {
  /** What stands behind its name, for complaints; none: nothing. */
  readonly takes?: string
  /** How many words may stand behind its name. */
  readonly most: number
  run(input: CommandInput, argument: string): Promise<number>
}

const aFile = 'a manifest file'
const aName = 'the name of an application'

/** A deed that only asks. */
function asking(ask: (input: CommandInput, apps: AppClient, name: string) => Promise<number>): Deed['run'] {
  return (input, argument) => withLattice(input, (open) => ask(input, createAppClient(open), argument))
}

const deeds: Readonly<Record<string, Deed>> = {
  validate: { takes: aFile, most: 1, run: validate },
  diff: { takes: `${aFile}, or ${aName} with versions`, most: 3, run: asking(diff) },
  deploy: { takes: aFile, most: 1, run: deploy },
  undeploy: { takes: aName, most: 1, run: undeploy },
  status: { takes: aName, most: 1, run: asking(status) },
  list: { most: 0, run: asking(list) },
  history: { takes: aName, most: 1, run: asking(history) },
  rollback: { takes: aName, most: 2, run: rollback },
  delete: { takes: aName, most: 2, run: remove },
  schema: { most: 0, run: schema },
}

export const command: Command = {
  name: 'app',
  summary: 'Deploy applications from manifests, and look after them',
  usage: [
    'weft app validate MANIFEST',
    'weft app diff MANIFEST | NAME [VERSION [VERSION]]',
    'weft app deploy MANIFEST [--no-wait] [--timeout 60s]',
    'weft app undeploy NAME',
    'weft app status NAME',
    'weft app list',
    'weft app history NAME',
    'weft app rollback NAME [VERSION]',
    'weft app delete NAME [VERSION]',
    'weft app schema',
  ],
  examples: [
    { run: 'weft app validate app.yaml', does: 'check a manifest and its component files; nothing is sent' },
    { run: 'weft app diff app.yaml', does: 'what deploying it would change' },
    { run: 'weft app deploy app.yaml', does: 'deploy it and wait until it runs' },
    { run: 'weft app status hello', does: 'what runs, and why something does not' },
    { run: 'weft app rollback hello', does: 'run the version again that ran before' },
    { run: 'weft app undeploy hello', does: 'stop it; the manifest stays stored' },
    { run: 'weft app schema > weft.schema.json', does: 'the JSON Schema of manifests, for editors' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    wait: { type: 'boolean', help: 'wait until it is done; this is the default' },
    'no-wait': { type: 'boolean', help: 'do not wait until it is done' },
    timeout: { type: 'string', value: 'TIME', help: 'how long to wait (default 60s)' },
  },
  async run(input) {
    const [name, argument = ''] = input.args
    const { takes, most, run } = pickDeed('app', deeds, name)
    refuseExtra(input, `weft app ${name}`, most + 1)
    wantsJson(input)
    if (argument === '' && takes !== undefined)
      throw new WeftError('invalid', `weft app ${name}: expected ${takes}`)
    return run(input, argument)
  },
}
