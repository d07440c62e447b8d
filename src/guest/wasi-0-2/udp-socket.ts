import { endpointFrom, type SocketAddress, socketAddressFrom } from '../network/ip-address.ts'
import { SocketError } from '../network/socket-error.ts'
import type { Udp } from '../network/udp.ts'
import { Pollable } from './pollable.ts'
import { alwaysReady, Bell, type Readiness } from './readiness.ts'
import { asked } from './socket-answer.ts'
import type { Wasi02Sockets } from './tcp-socket.ts'

interface IncomingDatagram {
  readonly data: Uint8Array
  readonly remoteAddress: SocketAddress
}

interface OutgoingDatagram {
  readonly data: Uint8Array
  readonly remoteAddress: SocketAddress | undefined
}

/** Datagrams that a guest may have handed over which the system has not taken yet. */
const mostSending = 64

/** `wasi:sockets/udp@0.2` resource `udp-socket`. */
export class UdpSocket {
  readonly #udp: Udp
  readonly #sockets: Wasi02Sockets
  readonly #bell = new Bell()
  #binding: { readonly isDone: boolean; readonly error?: unknown } | undefined
  readonly #readiness: Readiness = {
    isReady: () => this.#binding?.isDone ?? true,
    onChange: (wake) => this.#bell.onChange(wake),
  }

  constructor(udp: Udp, sockets: Wasi02Sockets) {
    this.#udp = udp
    this.#sockets = sockets
  }

  startBind(_network: unknown, local: SocketAddress): void {
    asked(() => {
      if (this.#binding) throw new SocketError('concurrency-conflict')
      this.#sockets.context.commit()
      const binding = this.#udp.bind(endpointFrom(local))
      this.#binding = { isDone: false }
      const done = (outcome: { readonly error?: unknown }) => {
        this.#binding = { isDone: true, ...outcome }
        this.#bell.ring()
      }
      binding.then(
        () => done({}),
        (error: unknown) => done({ error }),
      )
    })
  }

  finishBind(): void {
    asked(() => {
      const binding = this.#binding
      if (!binding) throw new SocketError('not-in-progress')
      if (!binding.isDone) throw new SocketError('would-block')
      this.#binding = undefined
      if (binding.error !== undefined) throw binding.error
    })
  }

  stream(remote: SocketAddress | undefined): [IncomingDatagramStream, OutgoingDatagramStream] {
    return asked(() => {
      if (!this.#udp.isBound) throw new SocketError('invalid-state')
      this.#udp.connect(remote && endpointFrom(remote))
      const { context } = this.#sockets
      return [
        new IncomingDatagramStream(this.#udp, context.signal),
        new OutgoingDatagramStream(this.#udp, context.signal),
      ]
    })
  }

  localAddress(): SocketAddress {
    return asked(() => socketAddressFrom(this.#udp.local))
  }

  remoteAddress(): SocketAddress {
    return asked(() => {
      if (!this.#udp.peer) throw new SocketError('invalid-state')
      return socketAddressFrom(this.#udp.peer)
    })
  }

  addressFamily(): string {
    return this.#udp.family
  }

  unicastHopLimit(): number {
    return this.#udp.hopLimit
  }

  setUnicastHopLimit(value: number): void {
    asked(() => {
      this.#udp.hopLimit = value
    })
  }

  receiveBufferSize(): bigint {
    return this.#udp.bufferSize('receive')
  }

  setReceiveBufferSize(value: bigint): void {
    asked(() => this.#udp.setBufferSize('receive', value))
  }

  sendBufferSize(): bigint {
    return this.#udp.bufferSize('send')
  }

  setSendBufferSize(value: bigint): void {
    asked(() => this.#udp.setBufferSize('send', value))
  }

  subscribe(): Pollable {
    return new Pollable(this.#readiness, this.#sockets.context.signal)
  }

  [Symbol.dispose](): void {
    this.#udp.drop()
  }
}

/** `wasi:sockets/udp@0.2` resource `incoming-datagram-stream`. */
export class IncomingDatagramStream {
  readonly #udp: Udp
  readonly #signal: AbortSignal

  constructor(udp: Udp, signal: AbortSignal) {
    this.#udp = udp
    this.#signal = signal
  }

  receive(most: bigint): IncomingDatagram[] {
    const datagrams: IncomingDatagram[] = []
    while (BigInt(datagrams.length) < most) {
      const next = this.#udp.receive()
      if (!next) break
      datagrams.push({ data: next.data, remoteAddress: socketAddressFrom(next.remote) })
    }
    return datagrams
  }

  subscribe(): Pollable {
    const readiness = {
      isReady: () => this.#udp.hasDatagrams,
      onChange: (wake: () => void) => this.#udp.onArrival(wake),
    }
    return new Pollable(readiness, this.#signal)
  }
}

/** `wasi:sockets/udp@0.2` resource `outgoing-datagram-stream`. */
export class OutgoingDatagramStream {
  readonly #udp: Udp
  readonly #signal: AbortSignal
  #sending = 0
  #permitted = 0
  readonly #bell = new Bell()

  constructor(udp: Udp, signal: AbortSignal) {
    this.#udp = udp
    this.#signal = signal
  }

  checkSend(): bigint {
    this.#permitted = mostSending - this.#sending
    return BigInt(this.#permitted)
  }

  /** Gives how many it took: those before the first that is refused, which is an error only when it is the first. */
  send(datagrams: readonly OutgoingDatagram[]): bigint {
    if (datagrams.length > this.#permitted)
      throw new Error(
        `wasi:sockets send of ${datagrams.length} datagrams where check-send allowed ${this.#permitted}`,
      )
    return asked(() => {
      let taken = 0
      for (const { data, remoteAddress } of datagrams) {
        try {
          this.#udp.check(data, remoteAddress && endpointFrom(remoteAddress))
        } catch (error) {
          if (taken > 0) break
          throw error
        }
        this.#send(data, remoteAddress)
        taken++
      }
      this.#permitted -= taken
      return BigInt(taken)
    })
  }

  subscribe(): Pollable {
    const readiness: Readiness = {
      ...alwaysReady,
      isReady: () => this.#sending < mostSending,
      onChange: (wake) => this.#bell.onChange(wake),
    }
    return new Pollable(readiness, this.#signal)
  }

  #send(data: Uint8Array, remote: SocketAddress | undefined): void {
    this.#sending++
    const done = () => {
      this.#sending--
      this.#bell.ring()
    }
    // A datagram that is lost on its way is lost; nobody is told.
    this.#udp.send(data, remote && endpointFrom(remote)).then(done, done)
  }
}
