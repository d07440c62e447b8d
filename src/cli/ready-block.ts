import { styleText } from 'node:util'
import type { Host } from '../host/host-options.ts'
import { describeSignals } from '../telemetry/signals.ts'
import type { Terminal } from './command.ts'
import type { StoredApp } from './stored-apps.ts'

/** What `weft up` prints when everything runs: where it is, what goes where, what to try next. */
export function readyBlock(ready: {
  readonly natsUrl: string
  readonly natsVersion: string
  readonly lattice: string
  readonly host: Pick<Host, 'id' | 'friendlyName'>
  readonly apps: readonly StoredApp[]
  readonly env: NodeJS.ProcessEnv
  readonly terminal: Terminal
}): string {
  const bold = (text: string) => (ready.terminal.isColour ? styleText('bold', text) : text)
  const apps = ready.apps.map(({ name, state, urls }) => [name, [state, ...urls].join('  ')] as const)
  const rows: (readonly [string, string])[] = [
    ...apps,
    ['lattice', ready.lattice],
    ['nats', `${ready.natsUrl} (nats-server ${ready.natsVersion})`],
    ['host', `${ready.host.friendlyName} (${ready.host.id})`],
    ...describeSignals(ready.env).map((line) => {
      const [signal = '', ...rest] = line.split(' → ')
      return [signal, rest.join(' → ')] as const
    }),
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  const table = rows.map(([label, value]) => `  ${bold(label.padEnd(width))}  ${value}`).join('\n')
  return `\nweft is up\n\n${table}\n\nTry, in another terminal:\n${tries(ready.apps)}\n\nCtrl-C stops everything.\n`
}

function tries(apps: readonly StoredApp[]): string {
  const url = apps.flatMap((app) => app.urls)[0]
  const lines = [
    ...(url === undefined
      ? ['weft app deploy manifests/hello/app.yaml']
      : [`curl ${url}`, 'weft traces last']),
    'weft get inventory',
    'weft host',
  ]
  return lines.map((line) => `  ${line.replace(/^weft/, 'npx weft')}`).join('\n')
}
