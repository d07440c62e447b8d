import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { createAppClient } from '../../src/controller/api-client.ts'
import { startController } from '../../src/controller/controller.ts'
import { readStatus } from '../../src/controller/notes.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { createControlClient } from '../../src/lattice/control-client.ts'
import { subscribeEvents } from '../../src/lattice/events.ts'
import { createLog } from '../../src/log.ts'
import { component, manifestOf } from '../controller/sample.ts'
import { startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

/** What came of a simulation. */
export interface Simulated {
  readonly hosts: number
  readonly components: number
  readonly applications: number
  /** From the first deploy until every component runs everywhere it should and its status is `deployed`. */
  readonly convergedSeconds: number
  /** CPU of the controller's process for that. */
  readonly controllerCpuSeconds: number
  /** CPU of the controller's process afterwards, for each second in which nothing changes. */
  readonly idleCpuPerSecond: number
}

const lattice = 'simulation'
const instancesEach = 3
const quietSeconds = 10

/**
 * Simulates a lattice's control plane: real NATS, a real controller in this process, and hosts in another that answer as
 * real ones do but run nothing. `components` are spread over applications of `perApplication` each.
 */
export async function simulate(size: {
  readonly hosts: number
  readonly components: number
  readonly perApplication: number
}): Promise<Simulated> {
  const nats = await startNats()
  const log = createLog(() => {})
  const hosts = spawn(
    process.execPath,
    [join(import.meta.dirname, 'simulated-hosts.ts'), nats.url, lattice, String(size.hosts)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const own = await connectNats({ url: nats.url, name: 'controller' })
  const connection = await connectNats({ url: nats.url, name: 'watcher' })
  const ends: (() => Promise<unknown>)[] = [() => nats.stop()]
  try {
    await once(hosts.stdout, 'data')
    const client = createControlClient({ connection: own, lattice })
    const controller = await startController({ connection: own, lattice, client, log })
    ends.push(() => controller.stop())
    const running = new Map<string, number>()
    const events = subscribeEvents({
      connection,
      lattice,
      log,
      onEvent({ name, data, source }) {
        if (name === 'component_scaled') running.set(`${data.component_id} ${source}`, data.max_instances)
      },
    })
    const told = new Map<string, string>()
    connection.subscribe(`wadm.status.${lattice}.*`, {
      callback: (_, message) => {
        const { status } = readStatus(message.json())
        told.set(message.subject.split('.').at(-1) ?? '', status.type)
      },
    })
    await until(() => controller.leads(), { timeoutMs: 20_000 })
    const applications = Math.ceil(size.components / size.perApplication)
    const apps = createAppClient({ connection, lattice, timeoutMs: 30_000 })
    const names = Array.from({ length: applications }, (_, index) => `app-${index}`)
    await Promise.all(names.map((name) => apps.put(manifestText(name, size.perApplication))))
    const cpu = process.cpuUsage()
    const start = performance.now()
    await Promise.all(names.map((name) => apps.deploy(name)))
    const wanted = size.components * Math.min(instancesEach, size.hosts)
    await until(() => sum(running.values()) === wanted, { timeoutMs: 120_000, what: 'all instances run' })
    await until(() => names.every((name) => told.get(name) === 'deployed'), {
      timeoutMs: 120_000,
      what: 'all are deployed',
    })
    const convergedSeconds = (performance.now() - start) / 1000
    const controllerCpuSeconds = secondsOf(process.cpuUsage(cpu))
    events.stop()
    const quiet = process.cpuUsage()
    const end = performance.now() + quietSeconds * 1000
    await new Promise((resolve) => setTimeout(resolve, end - performance.now()))
    const idleCpuPerSecond = secondsOf(process.cpuUsage(quiet)) / quietSeconds
    const { hosts: count, components } = size
    return {
      hosts: count,
      components,
      applications,
      convergedSeconds,
      controllerCpuSeconds,
      idleCpuPerSecond,
    }
  } finally {
    for (const close of ends.toReversed()) await close().catch(() => {})
    hosts.kill()
    await own.close().catch(() => {})
    await connection.close().catch(() => {})
  }
}

function manifestText(name: string, count: number): string {
  const components = Array.from({ length: count }, (_, index) => component(`c${index}`, instancesEach))
  return JSON.stringify(manifestOf(components, { name }).source)
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function secondsOf({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

if (import.meta.main) {
  const [hosts = 100, components = 1000, perApplication = 1] = process.argv.slice(2).map(Number)
  console.log(cpus().length, await simulate({ hosts, components, perApplication }))
}
