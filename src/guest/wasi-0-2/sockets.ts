import { HeldOpen } from '../held-open.ts'
import { type AddressFamily, type IpAddress, ipAddressFrom } from '../network/ip-address.ts'
import { GuestNetwork } from '../network/network.ts'
import { SocketError } from '../network/socket-error.ts'
import { Tcp } from '../network/tcp.ts'
import { Udp } from '../network/udp.ts'
import type { WasiContext } from '../wasi-context.ts'
import type { IoError } from './io-error.ts'
import { Pollable } from './pollable.ts'
import { asked, socketFailed } from './socket-answer.ts'
import { TakenOnce } from './taken-once.ts'
import { TcpSocket } from './tcp-socket.ts'
import { IncomingDatagramStream, OutgoingDatagramStream, UdpSocket } from './udp-socket.ts'

/** Sockets that one instance may have open. */
const mostOpen = 128

/** It grants nothing by itself: what may be reached stands in the manifest. */
class NetworkHandle {}

type Lookup = { readonly addresses: string[] } | { readonly error: unknown }

/** `wasi:sockets/ip-name-lookup@0.2` resource `resolve-address-stream`. */
class ResolveAddressStream {
  readonly #lookup: TakenOnce<Lookup>
  readonly #signal: AbortSignal
  #addresses: string[] | undefined

  constructor(resolve: () => Promise<string[]>, signal: AbortSignal) {
    this.#signal = signal
    this.#lookup = new TakenOnce(() =>
      resolve().then(
        (addresses) => ({ addresses }),
        (error: unknown) => ({ error }),
      ),
    )
    this.#lookup.isReady()
  }

  resolveNextAddress(): IpAddress | undefined {
    if (!this.#addresses) {
      const taken = this.#lookup.take()
      if (!taken) return asked(() => refuse())
      if (taken.tag === 'ok' && 'error' in taken.val) throw socketFailed(taken.val.error)
      this.#addresses = taken.tag === 'ok' && 'addresses' in taken.val ? [...taken.val.addresses] : []
    }
    const next = this.#addresses.shift()
    return next === undefined ? undefined : ipAddressFrom(next)
  }

  subscribe(): Pollable {
    return new Pollable(this.#lookup, this.#signal)
  }
}

function refuse(): never {
  throw new SocketError('would-block')
}

/** `wasi:sockets@0.2`: TCP, UDP and name lookup, within what the manifest's `network` names. Without it, nothing. */
export function socketImports(context: WasiContext): Record<string, object> {
  const sockets = {
    network: new GuestNetwork(context.network, context),
    sockets: new HeldOpen(context, mostOpen),
    context,
  }
  return {
    'wasi:sockets/instance-network': { instanceNetwork: () => new NetworkHandle() },
    'wasi:sockets/network': {
      Network: NetworkHandle,
      networkErrorCode: (error: IoError) => error.codes.network,
    },
    'wasi:sockets/ip-name-lookup': {
      ResolveAddressStream,
      resolveAddresses: (_network: NetworkHandle, name: string) =>
        new ResolveAddressStream(() => sockets.network.resolve(name), context.signal),
    },
    'wasi:sockets/tcp': { TcpSocket },
    'wasi:sockets/tcp-create-socket': {
      createTcpSocket: (family: AddressFamily) =>
        asked(() => new TcpSocket(new Tcp(family, sockets), sockets)),
    },
    'wasi:sockets/udp': { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    'wasi:sockets/udp-create-socket': {
      createUdpSocket: (family: AddressFamily) =>
        asked(() => new UdpSocket(new Udp(family, sockets), sockets)),
    },
  }
}
