import { subscribeEvents } from '../../src/lattice/events.ts'
import type { Link } from '../../src/lattice/link.ts'
import { createLog } from '../../src/log.ts'
import { openLattice } from '../support/lattice.ts'
import { root } from '../support/weft.ts'
import { type Bench, type BenchRow, quantile } from './bench.ts'

const links = 1_000
const scales = 200
const calc = 'test/guests/calc/calc.wasm'

const request = {
  component_id: 'calc',
  component_ref: `file://${root}/${calc}`,
  annotations: {},
  config: [],
  allow_update: false,
}

/** A link of one of a hundred components, each with ten. */
function linkNumber(number: number): Link {
  return {
    source_id: `source-${number % 100}`,
    target: `target-${number % 7}`,
    name: `link-${Math.floor(number / 100)}`,
    wit_namespace: 'wasi',
    wit_package: 'keyvalue',
    interfaces: ['store', 'atomics'],
    source_config: [],
    target_config: [],
  }
}

async function control(): Promise<readonly BenchRow[]> {
  const lattice = await openLattice()
  try {
    const host = await lattice.startHost('--threads', '2')
    const puts = performance.now()
    for (let first = 0; first < links; first += 50) {
      const some = Array.from({ length: 50 }, (_, at) => lattice.client.putLink(linkNumber(first + at)))
      await Promise.all(some)
    }
    const putMs = (performance.now() - puts) / links
    await lattice.scale(host, { component_id: 'calc', count: 1, path: calc })
    const bare = await times(scales, async () => void (await lattice.client.inventory(host.id)))
    const scaled = new Map<number, () => void>()
    const events = subscribeEvents({
      connection: lattice.connection,
      lattice: 'default',
      log: createLog(() => {}),
      onEvent: ({ name, data }) => {
        if (name === 'component_scaled') scaled.get(data.max_instances)?.()
      },
    })
    let count = 1
    const took = await times(scales, async () => {
      count += 1
      const told = new Promise<void>((resolve) => scaled.set(count, resolve))
      await lattice.client.scale({ ...request, host_id: host.id, count })
      await told
    })
    events.stop()
    const row = (name: string, share: number): BenchRow => ({
      bench: `control scale ${name}`,
      value: quantile(took, share),
      unit: 'ms',
      baseline: quantile(bare, share),
      ratio: quantile(took, share) / quantile(bare, share),
    })
    return [row('p50', 0.5), row('p99', 0.99), { bench: 'control link put', value: putMs, unit: 'ms' }]
  } finally {
    await lattice.close()
  }
}

async function times(count: number, work: () => Promise<void>): Promise<number[]> {
  const took: number[] = []
  for (let number = 0; number < count; number++) {
    const start = performance.now()
    await work()
    took.push(performance.now() - start)
  }
  return took
}

/** From the request to the event that follows, with a thousand links in the lattice; beside it, a request that only asks. */
export const benches: readonly Bench[] = [{ name: 'control', run: control }]
