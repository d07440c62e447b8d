import type { MessagePort } from 'node:worker_threads'
import { WeftError } from '../errors.ts'
import { connectNats } from '../lattice/connect.ts'
import { createLog } from '../log.ts'
import { openInbox } from '../wrpc/inbox.ts'
import { applyPlan } from './apply-plan.ts'
import type { Instrument } from './instruments.ts'
import { lowerPriority } from './lower-priority.ts'
import type { FromThread, PeerLoad, ThreadInit, ToThread } from './thread-messages.ts'
import { threadParts } from './thread-parts.ts'
import { watchWire } from './watch-wire.ts'

export interface DataThreadOptions {
  readonly init: ThreadInit
  readonly port: MessagePort
  readonly instrument: Instrument
}

/**
 * Runs a data thread: one NATS connection, the components and in-process providers of the latest plan, and the two
 * chains that every call passes. Reports `ready`, then does what the control thread's messages say until `stop`.
 */
export async function runDataThread({ init, port, instrument }: DataThreadOptions): Promise<void> {
  const send = (message: FromThread, moved: ArrayBuffer[] = []) => port.postMessage(message, moved)
  const log = createLog((record) => send({ kind: 'log', record }))
  // A guest's glue may drop a promise; that must end neither this thread nor the calls beside it.
  process.on('unhandledRejection', (reason) =>
    log.debug('a promise was rejected unheard', { error: String(reason) }),
  )
  let reconnects = 0
  const connection = await connectNats({
    url: init.natsUrl,
    name: `weft-${init.hostName}-${init.index}`,
    jetstream: false,
    log,
    login: init.natsLogin,
    onReconnect() {
      reconnects += 1
    },
  })
  const inbox = openInbox(connection)
  const parts = threadParts({ init, log, send, instrument, connection, inbox })
  watchWire(parts.instruments.measure, {
    thread: `data-${init.index}`,
    connection,
    reconnects: () => reconnects,
    open: () => inbox.size,
  })
  let peers: ReadonlyMap<string, PeerLoad> = new Map()
  parts.peerLoad = (id) => peers.get(id)
  const plans = applyPlan(parts, (revision, outcome) => {
    parts.isTakingOver = false
    send({ kind: 'applied', revision, outcome })
  })

  port.on('message', async (message: ToThread) => {
    if (message.kind === 'plan') plans.next(message.revision, message.plan)
    else if (message.kind === 'peers') peers = message.load
    else if (message.kind === 'lost') parts.lostHosts.lost(message.host)
    else if (message.kind === 'woken') parts.wakes.answered(message.target, message.answer)
    else if (message.kind === 'policy') parts.policy.decided(message.decision)
    else if (message.kind === 'spy') parts.spies.put(message.spy)
    else if (message.kind === 'poke') parts.components.poked(message.component)
    else {
      await plans.stop(message.graceMs)
      parts.busy.stop()
      parts.spies.stop()
      parts.offences.stop()
      await parts.instruments.flush()
      await connection.drain().catch(() => {})
      send({ kind: 'stopped' })
      port.close()
    }
  })
  send({ kind: 'ready' })
  if (init.role === 'confined') lowerPriority()
}

/** Reports a start that failed; the host then gives up the thread. */
export function reportFailedStart(port: MessagePort, thrown: unknown): void {
  const { code, message } = WeftError.from(thrown)
  port.postMessage({ kind: 'failed', code, message } satisfies FromThread)
}
