import { startController } from '../controller/controller.ts'
import { connectNats } from '../lattice/connect.ts'
import { createControlClient } from '../lattice/control-client.ts'
import type { Log } from '../log.ts'
import type { NatsLogin } from '../nats-login.ts'

/** Starts a controller with a connection of its own; `stop` leaves what is deployed running. */
export async function controllerOn(options: {
  readonly natsUrl: string
  readonly natsLogin?: NatsLogin | undefined
  readonly lattice: string
  readonly log: Log
  /** How long to listen for hosts before anything is done, in ms. */
  readonly settleMs?: number
}): Promise<{ stop(): Promise<void> }> {
  const { natsUrl, natsLogin: login, lattice, log, ...more } = options
  const connection = await connectNats({ url: natsUrl, name: 'weft-controller', log, login })
  try {
    const client = createControlClient({ connection, lattice })
    const controller = await startController({ connection, lattice, client, log, ...more })
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
