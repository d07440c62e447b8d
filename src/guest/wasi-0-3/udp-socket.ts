import {
  type AddressFamily,
  endpointFrom,
  type SocketAddress,
  socketAddressFrom,
} from '../network/ip-address.ts'
import { SocketError } from '../network/socket-error.ts'
import { Udp } from '../network/udp.ts'
import { type Readiness, waitForOne } from '../wasi-0-2/readiness.ts'
import { answered, asked, type Wasi03Sockets } from './socket-answer.ts'

/** `wasi:sockets/types@0.3` resource `udp-socket`, for the instance that has these sockets. */
export function udpSocketClass(sockets: Wasi03Sockets): object {
  return class extends UdpSocket {
    static create(family: AddressFamily): UdpSocket {
      return asked(() => new UdpSocket(new Udp(family, sockets), sockets))
    }
  }
}

class UdpSocket {
  readonly #udp: Udp
  readonly #sockets: Wasi03Sockets
  readonly #arrival: Readiness

  constructor(udp: Udp, sockets: Wasi03Sockets) {
    this.#udp = udp
    this.#sockets = sockets
    this.#arrival = { isReady: () => udp.hasDatagrams, onChange: (wake) => udp.onArrival(wake) }
  }

  /** Waits a moment: the guest may ask for the address next. */
  bind(local: SocketAddress): Promise<void> {
    return answered(async () => {
      this.#sockets.context.commit()
      await this.#udp.bind(endpointFrom(local))
    })
  }

  connect(remote: SocketAddress): void {
    asked(() => this.#udp.connect(endpointFrom(remote)))
  }

  disconnect(): void {
    asked(() => {
      if (!this.#udp.peer) throw new SocketError('invalid-state')
      this.#udp.connect(undefined)
    })
  }

  send(data: Uint8Array, remote: SocketAddress | undefined): Promise<void> {
    return answered(() => {
      this.#sockets.context.commit()
      return this.#udp.send(data, remote && endpointFrom(remote))
    })
  }

  receive(): Promise<[Uint8Array, SocketAddress]> {
    return answered(async () => {
      if (!this.#udp.isBound) throw new SocketError('invalid-state')
      for (;;) {
        const next = this.#udp.receive()
        if (next) return [next.data, socketAddressFrom(next.remote)]
        await waitForOne([this.#arrival], this.#sockets.context.signal)
      }
    })
  }

  getLocalAddress(): SocketAddress {
    return asked(() => socketAddressFrom(this.#udp.local))
  }

  getRemoteAddress(): SocketAddress {
    return asked(() => {
      if (!this.#udp.peer) throw new SocketError('invalid-state')
      return socketAddressFrom(this.#udp.peer)
    })
  }

  getAddressFamily(): AddressFamily {
    return this.#udp.family
  }

  getUnicastHopLimit(): number {
    return this.#udp.hopLimit
  }

  setUnicastHopLimit(value: number): void {
    asked(() => {
      this.#udp.hopLimit = value
    })
  }

  getReceiveBufferSize(): bigint {
    return this.#udp.bufferSize('receive')
  }

  setReceiveBufferSize(value: bigint): void {
    asked(() => this.#udp.setBufferSize('receive', value))
  }

  getSendBufferSize(): bigint {
    return this.#udp.bufferSize('send')
  }

  setSendBufferSize(value: bigint): void {
    asked(() => this.#udp.setBufferSize('send', value))
  }

  [Symbol.dispose](): void {
    this.#udp.drop()
  }
}
