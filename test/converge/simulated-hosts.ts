import { createLog } from '../../src/log.ts'
import { startFakeHost } from '../controller/fake-host.ts'

// A process full of hosts that run nothing: `node simulated-hosts.ts NATS_URL LATTICE COUNT`. Says `ready` on its standard
// output and ends with its standard input.
const [url = '', lattice = '', count = '0'] = process.argv.slice(2)
const zones = ['north', 'east', 'south', 'west']
const log = createLog(() => {})
for (let index = 0; index < Number(count); index++) {
  await startFakeHost({
    url,
    lattice,
    log,
    labels: { zone: zones[index % zones.length] ?? '' },
    beatMs: 1_000,
    heartbeatMs: 30_000,
  })
}
process.stdout.write('ready\n')
process.stdin.resume().on('end', () => process.exit(0))
