import { setTimeout as delay } from 'node:timers/promises'
import { type AppClient, createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import type { HostInventory, HostSummary } from '../lattice/inventory.ts'
import type { Terminal } from './command.ts'
import type { OpenLattice } from './connect-lattice.ts'
import { missingLines } from './wait-for-app.ts'

const pollMs = 200
/** When nothing has left for so long, the reason is asked for. */
const quietMs = 3_000
/** The annotation of what a controller started. */
const applicationAnnotation = 'wasmcloud.dev/appspec'

interface Running {
  readonly kind: 'component' | 'provider'
  readonly id: string
  /** Undefined when it was started by hand: then no controller moves it. */
  readonly application: string | undefined
}

/**
 * Waits until nothing runs any more on a host that drains, and tells what leaves and what holds it up. What no application
 * owns is told at once; when only that is left, and when time is out, it fails with what to do.
 */
export async function handOver(options: {
  readonly open: OpenLattice
  readonly client: ControlClient
  readonly host: HostSummary
  readonly timeoutMs: number
  readonly terminal: Pick<Terminal, 'err' | 'signal'>
  readonly onLeft: (id: string) => void
}): Promise<void> {
  const { open, client, host, timeoutMs, terminal, onLeft } = options
  const apps = createAppClient(open)
  const end = Date.now() + timeoutMs
  const told = new Set<string>()
  const tell = (line: string) => {
    if (!told.has(line)) terminal.err(`weft: ${line}\n`)
    told.add(line)
  }
  let before: readonly Running[] = []
  let quietUntil = Date.now() + quietMs
  for (;;) {
    const left = running(await client.inventory(host.id))
    const gone = before.filter(({ id }) => !left.some((one) => one.id === id))
    for (const { id } of gone) onLeft(id)
    if (gone.length > 0) quietUntil = Date.now() + quietMs
    before = left
    if (left.length === 0) return
    const byHand = left.filter(({ application }) => application === undefined)
    if (byHand.length === left.length) throw new WeftError('unavailable', stays(host, byHand))
    if (byHand.length > 0) tell(stays(host, byHand))
    if (Date.now() > end) throw new WeftError('deadline', late(host, left, timeoutMs))
    if (Date.now() > quietUntil) for (const line of await holdUps(apps, left)) tell(line)
    await delay(pollMs, undefined, { signal: terminal.signal }).catch((cause: unknown) => {
      throw new WeftError('cancelled', `interrupted; ${undo(host)}`, { cause })
    })
  }
}

function running({ components, providers }: HostInventory): readonly Running[] {
  const all = { component: components, provider: providers }
  return (['component', 'provider'] as const).flatMap((kind) =>
    all[kind].map(({ id, annotations }) => ({ kind, id, application: annotations[applicationAnnotation] })),
  )
}

/** What the applications of what is left say that they wait for; no controller is a reason too. */
async function holdUps(apps: AppClient, left: readonly Running[]): Promise<readonly string[]> {
  const names = new Set(left.flatMap(({ application }) => application ?? []))
  const lines = [...names].map(async (name) => {
    try {
      return missingLines(await apps.status(name)).map((line) => `${name}: ${line}`)
    } catch (error) {
      return [WeftError.from(error).message]
    }
  })
  return (await Promise.all(lines)).flat()
}

function stays(host: HostSummary, byHand: readonly Running[]): string {
  const ids = byHand.map(({ id }) => id).join(', ')
  const stops = byHand.map(({ kind, id }) => `\`weft stop ${kind} ${id} --host ${host.friendly_name}\``)
  const them = byHand.length === 1 ? 'it' : 'them'
  return `no application owns ${ids}, so nothing moves ${them}: stop ${them} with ${stops.join(' and ')}; ${undo(host)}`
}

function late(host: HostSummary, left: readonly Running[], timeoutMs: number): string {
  const ids = left.map(({ id }) => id).join(', ')
  const still = `after ${timeoutMs / 1000} s ${host.friendly_name} still runs ${ids}`
  return `${still}; see what they wait for with \`weft app status\`; ${undo(host)}`
}

function undo(host: HostSummary): string {
  return `the host goes on draining, \`weft drain ${host.friendly_name} --undo\` ends that`
}
