import type { Socket } from 'node:net'
import {
  type AddressFamily,
  endpointFrom,
  type SocketAddress,
  socketAddressFrom,
} from '../network/ip-address.ts'
import { SocketError } from '../network/socket-error.ts'
import { Tcp, type TcpOptions } from '../network/tcp.ts'
import { type Readiness, waitForOne } from '../wasi-0-2/readiness.ts'
import { type GuestStream, guestBytes } from './body.ts'
import { answered, asked, socketErrorCode, type Wasi03Sockets } from './socket-answer.ts'
import { type StreamResult, streamAndResult } from './stream-and-result.ts'

type SocketResult = StreamResult<ReturnType<typeof socketErrorCode>>

/** `wasi:sockets/types@0.3` resource `tcp-socket`, for the instance that has these sockets. */
export function tcpSocketClass(sockets: Wasi03Sockets): object {
  return class extends TcpSocket {
    static create(family: AddressFamily): TcpSocket {
      return asked(() => new TcpSocket(new Tcp(family, sockets), sockets))
    }
  }
}

class TcpSocket {
  readonly #tcp: Tcp
  readonly #sockets: Wasi03Sockets
  #socket: Socket | undefined
  #sends = false
  #receives = false
  #isDropped = false
  /** Its streams that are in use: it stays open for them. */
  #inUse = 0

  constructor(tcp: Tcp, sockets: Wasi03Sockets, socket?: Socket) {
    this.#tcp = tcp
    this.#sockets = sockets
    this.#socket = socket
  }

  bind(local: SocketAddress): void {
    asked(() => this.#tcp.bind(endpointFrom(local)))
  }

  connect(remote: SocketAddress): Promise<void> {
    return answered(async () => {
      this.#sockets.context.commit()
      this.#socket = await this.#tcp.connect(endpointFrom(remote))
    })
  }

  /** Waits a moment: the guest may ask for the address next. */
  listen(): Promise<AsyncIterable<readonly TcpSocket[]>> {
    return answered(async () => {
      this.#sockets.context.commit()
      await this.#tcp.listen()
      return this.#accepted()
    })
  }

  /** What the guest writes goes out; when it has no more, the peer is told. */
  async send(data: GuestStream): Promise<SocketResult> {
    let socket: Socket
    try {
      socket = this.#connected()
      if (this.#sends) throw new SocketError('invalid-state')
      this.#sends = true
    } catch (error) {
      data[Symbol.dispose]()
      return failed(error)
    }
    this.#inUse++
    try {
      for await (const bytes of guestBytes(data)) await written(socket, bytes)
      socket.end()
      return { tag: 'ok' }
    } catch (error) {
      return failed(error)
    } finally {
      this.#inUse--
      this.#letGo()
    }
  }

  receive(): [AsyncIterable<Uint8Array>, Promise<SocketResult>] {
    return streamAndResult(this.#received(), failed)
  }

  getLocalAddress(): SocketAddress {
    return asked(() => socketAddressFrom(this.#tcp.local))
  }

  getRemoteAddress(): SocketAddress {
    return asked(() => socketAddressFrom(this.#tcp.remote))
  }

  getIsListening(): boolean {
    return this.#tcp.state === 'listening'
  }

  getAddressFamily(): AddressFamily {
    return this.#tcp.family
  }

  setListenBacklogSize(value: bigint): void {
    this.#set('backlog', Number(value > 1024n ? 1024n : value))
  }

  getKeepAliveEnabled(): boolean {
    return this.#tcp.options.keepAlive
  }

  setKeepAliveEnabled(value: boolean): void {
    this.#tcp.options.keepAlive = value
    this.#tcp.applyKeepAlive()
  }

  getKeepAliveIdleTime(): bigint {
    return this.#tcp.options.idleTime
  }

  setKeepAliveIdleTime(value: bigint): void {
    this.#set('idleTime', value)
    this.#tcp.applyKeepAlive()
  }

  getKeepAliveInterval(): bigint {
    return this.#tcp.options.interval
  }

  setKeepAliveInterval(value: bigint): void {
    this.#set('interval', value)
  }

  getKeepAliveCount(): number {
    return this.#tcp.options.count
  }

  setKeepAliveCount(value: number): void {
    this.#set('count', value)
  }

  getHopLimit(): number {
    return asked(() => {
      throw new SocketError('not-supported')
    })
  }

  setHopLimit(): void {
    this.getHopLimit()
  }

  getReceiveBufferSize(): bigint {
    return this.#tcp.options.receiveBuffer
  }

  setReceiveBufferSize(value: bigint): void {
    this.#set('receiveBuffer', value)
  }

  getSendBufferSize(): bigint {
    return this.#tcp.options.sendBuffer
  }

  setSendBufferSize(value: bigint): void {
    this.#set('sendBuffer', value)
  }

  [Symbol.dispose](): void {
    this.#isDropped = true
    this.#letGo()
  }

  async *#accepted(): AsyncGenerator<readonly TcpSocket[]> {
    let wake = () => {}
    this.#tcp.onAccept = () => wake()
    const readiness: Readiness = {
      isReady: () => this.#tcp.hasAccepted || this.#tcp.state !== 'listening',
      onChange(ring) {
        wake = ring
        return () => {}
      },
    }
    for (;;) {
      await waitForOne([readiness], this.#sockets.context.signal)
      if (this.#tcp.state !== 'listening') return
      const accepted = this.#tcp.accept()
      if (accepted) yield [new TcpSocket(accepted.tcp, this.#sockets, accepted.socket)]
    }
  }

  async *#received(): AsyncGenerator<Uint8Array> {
    const socket = this.#connected()
    if (this.#receives) throw new SocketError('invalid-state')
    this.#receives = true
    this.#inUse++
    try {
      yield* socket.iterator({ destroyOnReturn: false })
    } finally {
      this.#inUse--
      this.#letGo()
    }
  }

  #letGo(): void {
    if (this.#isDropped && this.#inUse === 0) this.#tcp.drop()
  }

  #connected(): Socket {
    if (!this.#socket) throw new SocketError('invalid-state')
    return this.#socket
  }

  #set<K extends Exclude<keyof TcpOptions, 'keepAlive'>>(option: K, value: TcpOptions[K]): void {
    asked(() => {
      if (Number(value) === 0) throw new SocketError('invalid-argument')
      this.#tcp.options[option] = value
    })
  }
}

function written(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

function failed(error: unknown): SocketResult {
  return { tag: 'err', val: socketErrorCode(error) }
}
