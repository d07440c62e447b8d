import { setTimeout as delay } from 'node:timers/promises'
import { WeftError } from '../errors.ts'
import { createControlClient } from '../lattice/control-client.ts'
import { type HandScale, type HandScaled, requestHandScale } from '../lattice/scale-by-hand.ts'
import type { OpenLattice } from './connect-lattice.ts'
import { inventories } from './find-hosts.ts'

/** What a controller keeps from now on, and how far it is. */
export interface KeptScale extends HandScaled {
  readonly component: string
  /** False when the component was given back to its manifest. */
  readonly byHand: boolean
  readonly running: number
  readonly hosts: number
}

const pollMs = 200

/**
 * Has the controller keep another number for a component of an application, and waits until it runs so often. Undefined
 * when there is no controller, or no application has that component.
 */
export async function scaleApplication(options: {
  readonly open: OpenLattice
  readonly scale: HandScale
  readonly timeoutMs: number
  readonly signal: AbortSignal
}): Promise<KeptScale | undefined> {
  const { open, scale, timeoutMs, signal } = options
  const kept = await requestHandScale({ ...open, scale }).catch((thrown: unknown) => {
    if (WeftError.from(thrown).code === 'not_found') return undefined
    throw thrown
  })
  if (!kept) return undefined
  const end = performance.now() + timeoutMs
  for (;;) {
    const found = await countRunning(open, scale.component)
    const isOver = found.running === kept.instances || performance.now() > end || signal.aborted
    if (isOver) return { component: scale.component, ...kept, byHand: scale.instances !== null, ...found }
    await delay(pollMs)
  }
}

async function countRunning(open: OpenLattice, id: string): Promise<Pick<KeptScale, 'running' | 'hosts'>> {
  const found = (await inventories(createControlClient(open))).flatMap(({ components }) =>
    components.filter((component) => component.id === id),
  )
  return { running: found.reduce((sum, one) => sum + one.max_instances, 0), hosts: found.length }
}
