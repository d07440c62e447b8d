import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { type ControlClient, createControlClient } from '../lattice/control-client.ts'
import { drainingLabel } from '../lattice/draining.ts'
import type { HostInventory, HostSummary } from '../lattice/inventory.ts'
import { type Command, type CommandInput, latticeFlags, outputFlag } from './command.ts'
import { withLattice } from './connect-lattice.ts'
import { findHost } from './find-hosts.ts'
import { durationFlag, printJson, wantsJson } from './output.ts'
import { requiredArgument } from './pair-arguments.ts'
import { refuseExtra } from './refuse-extra.ts'
import { stopHosts } from './stop-hosts.ts'

const pollMs = 200
/** The annotation of what a controller started. */
const applicationAnnotation = 'wasmcloud.dev/appspec'

export const command: Command = {
  name: 'drain',
  summary: 'Have a host hand its work to others and take no new, before it is stopped',
  usage: ['weft drain HOST [flags]'],
  examples: [
    { run: 'weft drain brave-maple-1234', does: 'wait until the controller has moved all that runs there' },
    { run: 'weft drain brave-maple-1234 --stop', does: 'and stop the host then' },
    { run: 'weft drain brave-maple-1234 --undo', does: 'it takes work again' },
  ],
  flags: {
    ...latticeFlags,
    ...outputFlag,
    undo: { type: 'boolean', help: 'end the draining' },
    stop: { type: 'boolean', help: 'stop the host when nothing runs there any more' },
    timeout: { type: 'string', value: 'TIME', help: 'how long the hand-over may take (default 2m)' },
  },
  async run(input) {
    const name = requiredArgument('weft drain HOST', input.args, 0)
    refuseExtra(input, 'weft drain', 1)
    if (input.flags['undo'] === true && input.flags['stop'] === true)
      throw new WeftError('invalid', 'weft drain: --undo and --stop exclude each other')
    return withLattice(input, async (open) => {
      const client = createControlClient(open)
      const host = findHost(await client.ping(), name)
      return input.flags['undo'] === true ? undo(input, client, host) : drain(input, client, host)
    })
  },
}

async function undo(input: CommandInput, client: ControlClient, host: HostSummary): Promise<number> {
  await client.delLabel(host.id, drainingLabel)
  if (wantsJson(input)) printJson(input, { host_id: host.id, draining: false })
  else input.terminal.out(`${host.friendly_name} takes work again\n`)
  return 0
}

async function drain(input: CommandInput, client: ControlClient, host: HostSummary): Promise<number> {
  const timeoutMs = durationFlag('timeout', input.flags['timeout'], 120_000)
  await client.putLabel(host.id, drainingLabel, 'true')
  const told = new Set<string>()
  const end = Date.now() + timeoutMs
  for (;;) {
    const inventory = await client.inventory(host.id)
    const left = running(inventory)
    for (const line of handedOver(left, told))
      if (!wantsJson(input)) input.terminal.out(`  ${line} has left\n`)
    for (const { id } of left) told.add(id)
    if (left.length === 0) break
    if (Date.now() > end) throw new WeftError('deadline', late(host, left, timeoutMs))
    await delay(pollMs, undefined, { signal: input.terminal.signal }).catch((cause: unknown) => {
      const hint = `it goes on draining; \`weft drain ${host.friendly_name} --undo\` ends that`
      throw new WeftError('cancelled', `interrupted; ${hint}`, { cause })
    })
  }
  const stops = input.flags['stop'] === true
  if (stops) await stopHosts({ client, hosts: [host], signal: input.terminal.signal, onStopped: () => {} })
  if (wantsJson(input)) printJson(input, { host_id: host.id, draining: true, stopped: stops })
  else input.terminal.out(`${host.friendly_name} is ${stops ? 'drained and stopped' : 'drained'}\n`)
  return 0
}

interface Running {
  readonly id: string
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

function running({ components, providers }: HostInventory): readonly Running[] {
  return [...components, ...providers]
}

/** What was there before and is gone. */
function handedOver(left: readonly Running[], told: Set<string>): readonly string[] {
  const gone = [...told].filter((id) => !left.some((one) => one.id === id))
  for (const id of gone) told.delete(id)
  return gone
}

function late(host: HostSummary, left: readonly Running[], timeoutMs: number): string {
  const byHand = left.filter(({ annotations = {} }) => annotations[applicationAnnotation] === undefined)
  const hint =
    byHand.length === 0
      ? 'see what they wait for with `weft app status`'
      : `no application owns ${byHand.map(({ id }) => id).join(', ')}: stop them by hand with \`weft stop\``
  return `after ${timeoutMs / 1000} s ${host.friendly_name} still runs ${left.map(({ id }) => id).join(', ')}; ${hint}`
}
