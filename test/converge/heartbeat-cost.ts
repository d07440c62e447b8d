import { annotationsOf } from '../../src/controller/annotations.ts'
import { desiredApp } from '../../src/controller/desired.ts'
import { Hosts } from '../../src/controller/hosts.ts'
import { Planner } from '../../src/controller/planner.ts'
import type { LatticeEvent } from '../../src/lattice/events.ts'
import type { HostInventory } from '../../src/lattice/inventory.ts'
import { createLog } from '../../src/log.ts'
import { component, manifestOf, noRollouts } from '../controller/sample.ts'

const componentsPerHost = 30
const heartbeats = 2_000

/**
 * Microseconds that the controller needs for one heartbeat that says nothing new, with so many applications deployed that
 * it does not concern: what it hears, and the look at what is due.
 */
export async function heartbeatMicros(applications: number): Promise<number> {
  const inventory = inventoryOf('host')
  const client = { ping: async () => [], inventory: async () => inventory }
  const hosts = new Hosts({ client, log: createLog(() => {}), onChange: () => {} })
  const planner = new Planner()
  for (let index = 0; index < applications; index++) {
    const name = `app-${index}`
    const manifest = manifestOf([component('c', 1)], { name })
    planner.put(name, { name, manifest, stored: true, made: undefined })
  }
  const event = { name: 'host_heartbeat', source: 'host', time: '', data: inventory } as LatticeEvent
  const look = () => {
    hosts.onEvent(structuredClone(event))
    planner.see({ hosts: hosts.view(), links: () => [], configs: new Map() })
    return planner.due()
  }
  for (const name of look()) planner.plan(name, noRollouts)
  if (look().length > 0) throw new Error('a heartbeat without news concerns somebody')
  const cpu = process.cpuUsage()
  for (let index = 0; index < heartbeats; index++) look()
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / heartbeats
}

function inventoryOf(id: string): HostInventory {
  const components = Array.from({ length: componentsPerHost }, (_, index) => {
    const [workload] = desiredApp(
      manifestOf([component('c', 1)], { name: `other-${index}` }),
      () => undefined,
    ).workloads
    if (!workload) throw new Error('expected a workload')
    const annotations = annotationsOf(workload, 'default')
    return {
      id: workload.id,
      image_ref: workload.image,
      annotations,
      revision: 0,
      max_instances: 1,
      limits: null,
    }
  })
  const about = { friendly_name: id, labels: {}, version: '0', uptime_human: '1s', uptime_seconds: 1 }
  return { host_id: id, ...about, components, providers: [] }
}
