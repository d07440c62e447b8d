import { readFile } from 'node:fs/promises'
import { createAppClient } from '../../src/controller/api-client.ts'
import { requestHandScale } from '../../src/lattice/scale-by-hand.ts'
import { chainOnRoles } from '../support/chain-on-roles.ts'
import { type Lab, type LabHost, openLab } from '../support/lab.ts'
import { mendedGreeter } from '../support/mended-greeter.ts'
import { type Network, openNetwork } from '../support/network.ts'
import { steadyLoad } from '../support/steady-load.ts'
import { until } from '../support/until.ts'

/** How long one change took to come true in a lattice of real hosts, and what it did to the requests meanwhile. */
export interface Convergence {
  readonly what: string
  readonly seconds: number
  /** The most it may take; undefined for what has no bound. */
  readonly limitSeconds?: number
  readonly good?: number
  readonly lost?: number
  /** The most requests that may be lost: those that a lost host had taken, and any number where nothing is to run. */
  readonly mayLose?: number
}

const greeter = 'chain-greeter'
const callers = 8
const patience = { timeoutMs: 120_000 }
const anything = Number.POSITIVE_INFINITY
const natsAwayMs = 60_000
/** Instances while hosts come and go: four on each of five workers. */
const many = 20

/** Runs six host processes through deploy, scale, loss and stop, under a steady load. */
export async function sixHosts(onRow: (row: Convergence) => void): Promise<void> {
  const network = await openNetwork()
  const lab = await openLab({ address: '0.0.0.0' })
  try {
    // The first to start is the one that leads.
    const leader = await worker(lab, '--controller')
    await lab.host(['--label', 'role=entry', '--controller'])
    const far = network && (await farWorker(lab, network))
    const near = [await worker(lab), await worker(lab), await worker(lab)]
    if (!far) near.push(await worker(lab))
    const { scaled, changes } = await openChanges(lab, onRow)
    await deployAndScale(changes, scaled)
    await rollVersions(changes, await mendedGreeter(lab.place.folder))
    // The first version has as many as its manifest says again.
    await scaled(many)
    await loseHosts(changes, { lab, leader, near, far, network })
    await changes.time('undeploy → nothing is left', changes.undeploy, { quiet: true })
  } finally {
    await lab.close()
    await network?.close()
  }
}

function worker(lab: Lab, ...flags: readonly string[]): Promise<LabHost> {
  return lab.host(['--label', 'role=work', ...flags])
}

function farWorker(lab: Lab, { within, ourAddress }: Network): Promise<LabHost> {
  const natsUrl = lab.natsUrl.replace('127.0.0.1', ourAddress)
  return lab.host(['--label', 'role=work'], { natsUrl, within })
}

interface Changes {
  /** Times a change, under a load unless it is to be quiet. */
  time(
    what: string,
    deed: () => Promise<unknown>,
    more?: Pick<Convergence, 'limitSeconds' | 'mayLose'> & { readonly quiet?: true },
  ): Promise<void>
  deploy(): Promise<void>
  /** Deploys the manifest as it was, changed; resolves when that version runs everywhere, or was taken back. */
  version(change: (text: string) => string): Promise<'deployed' | 'taken back'>
  rollback(): Promise<void>
  undeploy(): Promise<void>
  isGood(): Promise<boolean>
}

async function openChanges(
  lab: Lab,
  onRow: (row: Convergence) => void,
): Promise<{ readonly changes: Changes; readonly scaled: (instances: number) => Promise<void> }> {
  const { connection, lattice } = lab
  const apps = createAppClient({ connection, lattice, timeoutMs: 20_000 })
  const { path, url: address } = await lab.place.manifest('manifests/chain/app.yaml', chainOnRoles)
  const url = `${address}/?name=Ada`
  await apps.put(await readFile(path, 'utf8'))
  const isGood = async () => {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.text()
    return answer?.ok === true
  }
  const changes: Changes = {
    isGood,
    async time(what, deed, { quiet, ...limits } = {}) {
      const load = quiet ? undefined : steadyLoad([url], { callers })
      const served = async (more: number) => {
        if (!load || limits.mayLose === anything) return
        const before = load.soFar().good
        await until(() => load.soFar().good > before + more, patience)
      }
      await served(5 * callers)
      const start = performance.now()
      await deed()
      const seconds = (performance.now() - start) / 1000
      await served(20 * callers)
      const result = await load?.stop()
      onRow({ what, seconds, ...limits, ...(result && { good: result.good, lost: result.lost.length }) })
    },
    async deploy() {
      await apps.deploy('chain')
      await until(async () => (await apps.status('chain')).status.type === 'deployed', patience)
      await until(isGood, patience)
    },
    async version(change) {
      const { version } = await apps.put(change(await readFile(path, 'utf8')))
      await apps.deploy('chain', version)
      return until(async () => {
        const status = await apps.status('chain')
        if (status.status.type !== 'deployed') return undefined
        if (status.version === version) return 'deployed'
        return status.rolledBack?.from === version ? 'taken back' : undefined
      }, patience)
    },
    async rollback() {
      const version = await apps.rollback('chain')
      await until(async () => {
        const status = await apps.status('chain')
        return status.version === version && status.status.type === 'deployed'
      }, patience)
    },
    async undeploy() {
      await apps.undeploy('chain')
      await until(async () => (await apps.status('chain')).status.message === '', patience)
    },
  }
  const scaled = async (instances: number) => {
    await requestHandScale({ connection, lattice, scale: { component: greeter, instances } })
    await lab.instances(greeter, instances, patience)
  }
  return { changes, scaled }
}

async function deployAndScale(
  { time, deploy, isGood }: Changes,
  scaled: (instances: number) => Promise<void>,
): Promise<void> {
  await time('deploy → deployed', deploy, { quiet: true })
  await time('1 → 100 instances', () => scaled(100), { mayLose: 0 })
  await time('100 → 0 instances, a stop by hand', () => scaled(0), { mayLose: anything })
  await time('0 → 1 instance → first answer', () => scaled(1).then(() => until(isGood, patience)), {
    mayLose: anything,
  })
  await time(`1 → ${many} instances`, () => scaled(many), { mayLose: 0 })
}

/** New versions of the greeter, which runs on five hosts: one goes first, then all. */
async function rollVersions({ time, version, rollback }: Changes, mended: string): Promise<void> {
  const greeterAs = (image: string) => (text: string) =>
    text
      .replace(/(- name: greeter\n[\s\S]*?image: ).*/, `$1${image}`)
      .replace(/(- name: greeter\n[\s\S]*?instances: )1/, `$1${many}`)
  const reaches = (wanted: 'deployed' | 'taken back', image: string) => async () => {
    const reached = await version(greeterAs(image))
    if (reached !== wanted) throw new Error(`the version with ${image} was ${reached}, expected ${wanted}`)
  }
  await time('a new version → on all five hosts', reaches('deployed', `file://${mended}`), { mayLose: 0 })
  await time('a version that does not start → taken back', reaches('taken back', 'file:///nowhere.wasm'), {
    mayLose: 0,
  })
  await time('rollback → the version before on all hosts', rollback, { mayLose: 0 })
}

async function loseHosts(
  { time, isGood }: Changes,
  hosts: {
    readonly lab: Lab
    readonly leader: LabHost
    readonly near: readonly LabHost[]
    /** A host with a network of its own, where that is permitted. */
    readonly far: LabHost | undefined
    readonly network: Network | undefined
  },
): Promise<void> {
  const { lab, leader, near, far, network } = hosts
  const workers = new Set([...near, ...(far ? [far] : []), leader])
  const allRunOn = (some: ReadonlySet<LabHost>) =>
    lab.instances(greeter, many, { on: [...some], ...patience })
  const without = (host: LabHost) => workers.difference(new Set([host]))
  const isSpread = () =>
    until(
      () => [...workers].every(({ id }) => lab.running(greeter).get(id) === many / workers.size),
      patience,
    )
  const isBack = ({ id }: LabHost) => until(() => lab.peers.has(id), patience)
  const [killed = leader, stopped = leader, frozen = leader] = near
  await isSpread()
  await time(
    'kill -9 of a host → its work runs elsewhere',
    async () => {
      await killed.weft.stop('SIGKILL')
      await allRunOn(without(killed))
    },
    { limitSeconds: 5, mayLose: callers },
  )
  workers.delete(killed)
  await time(
    'a new host is started → it has its share',
    async () => {
      workers.add(await worker(lab))
      await isSpread()
    },
    { mayLose: 0 },
  )
  await time(
    'SIGTERM of a host → its work runs elsewhere',
    async () => {
      await stopped.weft.stop()
      await allRunOn(without(stopped))
    },
    { mayLose: 0 },
  )
  workers.delete(stopped)
  await time(
    'SIGSTOP of a host → its work runs elsewhere',
    async () => {
      process.kill(frozen.weft.pid, 'SIGSTOP')
      await allRunOn(without(frozen))
    },
    { limitSeconds: 5, mayLose: callers },
  )
  await time(
    'SIGCONT of that host → nothing runs too often',
    async () => {
      process.kill(frozen.weft.pid, 'SIGCONT')
      await isBack(frozen)
      await allRunOn(workers)
    },
    { mayLose: 0 },
  )
  if (far && network) {
    await time(
      'the network of a host is cut → its work runs elsewhere',
      async () => {
        await network.plug('down')
        await allRunOn(without(far))
      },
      { limitSeconds: 5, mayLose: callers },
    )
    await time(
      'its network is back → nothing runs too often',
      async () => {
        await network.plug('up')
        await isBack(far)
        await allRunOn(workers)
      },
      { mayLose: 0 },
    )
  }
  await time(
    'kill -9 of the acting controller with its host → healed',
    async () => {
      await leader.weft.stop('SIGKILL')
      await allRunOn(without(leader))
    },
    { limitSeconds: 10, mayLose: callers },
  )
  workers.delete(leader)
  const heard = lab.events.length
  await lab.killNats()
  await new Promise((resolve) => setTimeout(resolve, natsAwayMs))
  await time(
    `NATS is back after ${natsAwayMs / 1000} s → requests are answered`,
    async () => {
      await lab.startNats()
      await until(isGood, patience)
      await Promise.all([...workers].map(isBack))
    },
    { mayLose: anything },
  )
  const touched = lab.events
    .slice(heard)
    .filter(({ event: { name } }) => /scale|start|stop|delete/.test(name))
  if (touched.length > 0)
    throw new Error(`NATS was away, and then ${touched.length} things were started or stopped`)
}
