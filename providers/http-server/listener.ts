import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { WeftError } from '../../src/errors.ts'

/** Where to listen. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** A server that listens. */
export interface Listener {
  /** Takes no more connections, ends those that are idle, and waits for requests under way. */
  close(): Promise<void>
}

/**
 * Listens so that every data thread of the host can accept on the same port. `probes` first finds out whether another
 * program holds it: with a shared port another host of the same user on this machine would go unseen.
 */
export async function listen(
  address: Address,
  options: {
    readonly probes: boolean
    readonly onRequest: (req: IncomingMessage, res: ServerResponse) => void
  },
): Promise<Listener> {
  if (options.probes) {
    const probe = createServer()
    await listening(probe, { ...address, reusePort: false })
    await close(probe)
  }
  const server = createServer(options.onRequest)
  await listening(server, { ...address, reusePort: true })
  return { close: () => close(server) }
}

function listening(server: Server, options: Address & { readonly reusePort: boolean }): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, options)))
    server.listen(options, resolve)
  })
}

function listenError(error: NodeJS.ErrnoException, { host, port }: Address): WeftError {
  const reason =
    error.code === 'EADDRINUSE'
      ? 'another program listens there: stop it, or set another `address` in the link'
      : error.message
  return new WeftError('unavailable', `cannot listen on ${host}:${port}: ${reason}`, { cause: error })
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  await closed
}
