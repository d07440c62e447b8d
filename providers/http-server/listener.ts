import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { WeftError } from '../../src/errors.ts'
import type { ProviderContext } from '../../src/provider.ts'

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
 * Listens so that every data thread of the host can accept on the same port. The first thread probes whether somebody else
 * holds it: with a shared port another host of the same user on this machine would go unseen.
 */
export async function listen(
  address: Address,
  options: {
    readonly context: ProviderContext
    /** What it is for, for people: `link default to hello`. */
    readonly purpose: string
    readonly onRequest: (req: IncomingMessage, res: ServerResponse) => void
  },
): Promise<Listener> {
  const { context, purpose, onRequest } = options
  const { listeners = new Map<string, string>() } = context
  const server = createServer((req, res) => {
    // A client that goes on asking on a connection of before would be served for ever, and the close would never end.
    if (!server.listening) res.shouldKeepAlive = false
    onRequest(req, res)
  })
  try {
    if (context.isLeader && context.isTakingOver !== true) {
      const probe = createServer()
      await listening(probe, { ...address, reusePort: false })
      await close(probe)
    }
    await listening(server, { ...address, reusePort: true })
  } catch (error) {
    throw listenError(error, address, listeners)
  }
  const place = `${address.host}:${address.port}`
  const { id, application } = context
  listeners.set(
    place,
    `${id}${application === undefined ? '' : ` of application ${application}`} (${purpose})`,
  )
  return {
    close() {
      listeners.delete(place)
      return close(server)
    },
  }
}

function listening(server: Server, options: Address & { readonly reusePort: boolean }): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, resolve)
  })
}

function listenError(cause: unknown, address: Address, listeners: ReadonlyMap<string, string>): WeftError {
  const { host, port } = address
  const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
  const reason = isTaken ? takenBy(address, listeners) : WeftError.from(cause).message
  return new WeftError('unavailable', `cannot listen on ${host}:${port}: ${reason}`, { cause })
}

function takenBy({ host, port }: Address, listeners: ReadonlyMap<string, string>): string {
  const isEvery = (name: string) => name === '0.0.0.0' || name === '::'
  const [, holder] =
    [...listeners].find(([place]) => {
      const at = place.lastIndexOf(':')
      const other = place.slice(0, at)
      return Number(place.slice(at + 1)) === port && (other === host || isEvery(other) || isEvery(host))
    }) ?? []
  return holder === undefined
    ? 'another program listens there, or another host on this machine: stop it, or set another `address` in the link'
    : `provider ${holder} listens there: set another \`address\` in one of the links`
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  await closed
}
