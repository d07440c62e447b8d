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
  readonly log: Log
  /** How long to listen for hosts before anything is done, in ms. */
  readonly settleMs?: number
  /** Makes spans of what it commands. */
  readonly traceWork?: TraceWork
}): Promise<{ stop(): Promise<void> }> {
  const { natsUrl, natsLogin: login, lattice, log, ...more } = options
  const connection = await connectNats({ url: natsUrl, name: 'weft-controller', log, login })
  try {
    const client = createControlClient({ connection, lattice })
    const clientUnder = (trace: TraceHeaders) => createControlClient({ connection, lattice, trace })
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
