import { parseArgs } from 'node:util'
import { heartbeatMicros } from './heartbeat-cost.ts'
import { simulate } from './simulation.ts'
import { type Convergence, sixHosts } from './six-hosts.ts'

// npm run converge -- [real] [simulated]: how long a lattice takes to become what it is to be.
const { positionals } = parseArgs({ allowPositionals: true })
const parts = { real, simulated }
const unknown = positionals.filter((name) => !(name in parts))
if (unknown.length > 0) {
  console.error(`there is no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)
  process.exit(2)
}
let failed = false
for (const [name, part] of Object.entries(parts))
  if (positionals.length === 0 || positionals.includes(name)) await part()
process.exit(failed ? 1 : 0)

async function real(): Promise<void> {
  console.log('six host processes, one NATS, a steady load of eight callers')
  print('change', 'took', 'limit', 'good', 'lost', '')
  await sixHosts((row) => {
    const { what, seconds, limitSeconds, good, lost, mayLose } = row
    const isLate = limitSeconds !== undefined && seconds > limitSeconds
    const lostTooMany = (lost ?? 0) > (mayLose ?? Number.POSITIVE_INFINITY)
    failed ||= isLate || lostTooMany
    print(
      what,
      `${seconds.toFixed(2)} s`,
      limitSeconds === undefined ? '' : `< ${limitSeconds} s`,
      String(good ?? ''),
      lostOf(row),
      isLate || lostTooMany ? 'MISSED' : '',
    )
  })
}

function lostOf({ lost, mayLose }: Convergence): string {
  if (lost === undefined) return ''
  if (mayLose === undefined) return String(lost)
  return Number.isFinite(mayLose) ? `${lost} (of at most ${mayLose})` : `${lost} (of any)`
}

async function simulated(): Promise<void> {
  console.log('\ncontrol plane only: 100 simulated hosts, 1000 components, three instances of each')
  for (const perApplication of [10, 1]) {
    const one = await simulate({ hosts: 100, components: 1000, perApplication })
    const isLate = one.convergedSeconds > 15
    failed ||= isLate
    console.log(
      `  ${one.applications} applications: converged in ${one.convergedSeconds.toFixed(1)} s (< 15 s), ` +
        `controller ${one.controllerCpuSeconds.toFixed(1)} s of CPU, idle ${(one.idleCpuPerSecond * 1000).toFixed(0)} ms/s` +
        `${isLate ? ' MISSED' : ''}`,
    )
  }
  console.log('\none heartbeat without news, of a host with 30 components')
  for (const applications of [10, 100, 1000]) {
    const micros = await heartbeatMicros(applications)
    console.log(`  ${applications} other applications: ${micros.toFixed(0)} µs`)
  }
}

function print(what: string, ...cells: readonly string[]): void {
  console.log(`  ${what.padEnd(58)}${cells.map((cell) => cell.padEnd(10)).join(' ')}`.trimEnd())
}
