import { GuestError } from '../../capability/guest-error.ts'
import { HeldOpen } from '../held-open.ts'
import { type IpAddress, ipAddressFrom } from '../network/ip-address.ts'
import { GuestNetwork } from '../network/network.ts'
import { SocketError } from '../network/socket-error.ts'
import type { WasiContext } from '../wasi-context.ts'
import { tcpSocketClass } from './tcp-socket.ts'
import { udpSocketClass } from './udp-socket.ts'

/** Sockets that one instance may have open. */
const mostOpen = 128

/** `wasi:sockets@0.3`: TCP, UDP and name lookup, within what the manifest's `network` names. Without it, nothing. */
export function socketImports(context: WasiContext): Record<string, object> {
  const network = new GuestNetwork(context.network, context)
  const sockets = { network, sockets: new HeldOpen(context, mostOpen), context }
  return {
    'wasi:sockets/types': { TcpSocket: tcpSocketClass(sockets), UdpSocket: udpSocketClass(sockets) },
    'wasi:sockets/ip-name-lookup': {
      async resolveAddresses(name: string): Promise<IpAddress[]> {
        try {
          return (await network.resolve(name)).map(ipAddressFrom)
        } catch (error) {
          throw new GuestError(lookupError(SocketError.from(error).code))
        }
      },
    },
  }
}

const lookupErrors = [
  'access-denied',
  'invalid-argument',
  'name-unresolvable',
  'temporary-resolver-failure',
  'permanent-resolver-failure',
]

function lookupError(tag: string): object {
  return lookupErrors.includes(tag) ? { tag } : { tag: 'other', val: tag }
}
