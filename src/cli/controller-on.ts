import { startController } from '../controller/controller.ts'
import { connectNats } from '../lattice/connect.ts'
import { createControlClient } from '../lattice/control-client.ts'
import type { Log } from '../log.ts'
import type { NatsLogin } from '../nats-login.ts'
import type { TraceHeaders, TraceWork } from '../trace-work.ts'

/** Starts a controller with a connection of its own; `stop` leaves what is deployed running. */
export async function controllerOn(options: {
  readonly natsUrl: string
  readonly natsLogin?: NatsLogin | undefined
  readonly lattice: string
  /** Where control requests go; default `wasmbus.ctl`. */
  readonly controlPrefix?: string
  readonly log: Log
  /** How long to listen for hosts before anything is done, in ms. */
  readonly settleMs?: number
  /** Makes spans of what it commands. */
  readonly traceWork?: TraceWork
}): Promise<{ stop(): Promise<void> }> {
  const { natsUrl, natsLogin: login, lattice, controlPrefix, log, ...more } = options
  const connection = await connectNats({ url: natsUrl, name: 'weft-controller', log, login })
  try {
    const where = { connection, lattice, ...(controlPrefix !== undefined && { controlPrefix }) }
    const client = createControlClient(where)
    const clientUnder = (trace: TraceHeaders) => createControlClient({ ...where, trace })
    const controller = await startController({ connection, lattice, client, clientUnder, log, ...more })
    return {
      async stop() {
        await controller.stop()
        await connection.drain().catch(() => {})
      },
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}
