import type { Socket } from 'node:net'
import { endpointFrom, type SocketAddress, socketAddressFrom } from '../network/ip-address.ts'
import { SocketError } from '../network/socket-error.ts'
import type { SocketOwner, Tcp, TcpOptions } from '../network/tcp.ts'
import type { WasiContext } from '../wasi-context.ts'
import { InputStream } from './input-stream.ts'
import { OutputStream } from './output-stream.ts'
import { Pollable } from './pollable.ts'
import { Bell, type Readiness } from './readiness.ts'
import { asked } from './socket-answer.ts'
import { SocketSink } from './socket-sink.ts'
import { SocketSource } from './socket-source.ts'

/** What the sockets of one instance share, on WASI 0.2. */
export interface Wasi02Sockets extends SocketOwner {
  readonly context: Pick<WasiContext, 'life' | 'signal' | 'commit'>
}

/** A `start-…` whose `finish-…` has not come yet. */
interface Underway {
  readonly what: 'bind' | 'connect' | 'listen'
  readonly socket?: Socket
  readonly error?: unknown
  readonly isDone: boolean
}

type Connection = [InputStream, OutputStream]

/** `wasi:sockets/tcp@0.2` resource `tcp-socket`. */
export class TcpSocket {
  readonly #tcp: Tcp
  readonly #sockets: Wasi02Sockets
  readonly #bell = new Bell()
  #underway: Underway | undefined
  #ends: { readonly source: SocketSource; readonly sink: SocketSink } | undefined
  readonly #readiness: Readiness = {
    isReady: () => {
      if (this.#underway) return this.#underway.isDone
      return this.#tcp.state !== 'listening' || this.#tcp.hasAccepted
    },
    onChange: (wake) => this.#bell.onChange(wake),
  }

  constructor(tcp: Tcp, sockets: Wasi02Sockets) {
    this.#tcp = tcp
    this.#sockets = sockets
    tcp.onAccept = () => this.#bell.ring()
  }

  startBind(_network: unknown, local: SocketAddress): void {
    asked(() => {
      this.#requireFree()
      this.#tcp.bind(endpointFrom(local))
      this.#underway = { what: 'bind', isDone: true }
    })
  }

  finishBind(): void {
    asked(() => void this.#finish('bind'))
  }

  startConnect(_network: unknown, remote: SocketAddress): void {
    asked(() => {
      this.#requireFree()
      this.#sockets.context.commit()
      const connecting = this.#tcp.connect(endpointFrom(remote))
      this.#start(
        'connect',
        connecting.then((socket) => ({ socket })),
      )
    })
  }

  finishConnect(): Connection {
    return asked(() => {
      const { socket } = this.#finish('connect')
      if (!socket) throw new SocketError('invalid-state')
      return this.#streams(socket)
    })
  }

  startListen(): void {
    asked(() => {
      this.#requireFree()
      this.#sockets.context.commit()
      const listening = this.#tcp.listen()
      this.#start(
        'listen',
        listening.then(() => ({})),
      )
    })
  }

  finishListen(): void {
    asked(() => void this.#finish('listen'))
  }

  accept(): [TcpSocket, InputStream, OutputStream] {
    return asked(() => {
      const accepted = this.#tcp.accept()
      if (!accepted) throw new SocketError('would-block')
      const socket = new TcpSocket(accepted.tcp, this.#sockets)
      return [socket, ...socket.#streams(accepted.socket)]
    })
  }

  localAddress(): SocketAddress {
    return asked(() => socketAddressFrom(this.#tcp.local))
  }

  remoteAddress(): SocketAddress {
    return asked(() => socketAddressFrom(this.#tcp.remote))
  }

  isListening(): boolean {
    return this.#tcp.state === 'listening'
  }

  addressFamily(): string {
    return this.#tcp.family
  }

  setListenBacklogSize(value: bigint): void {
    this.#set('backlog', Number(value > 1024n ? 1024n : value))
  }

  keepAliveEnabled(): boolean {
    return this.#tcp.options.keepAlive
  }

  setKeepAliveEnabled(value: boolean): void {
    this.#tcp.options.keepAlive = value
    this.#tcp.applyKeepAlive()
  }

  keepAliveIdleTime(): bigint {
    return this.#tcp.options.idleTime
  }

  setKeepAliveIdleTime(value: bigint): void {
    this.#set('idleTime', value)
    this.#tcp.applyKeepAlive()
  }

  keepAliveInterval(): bigint {
    return this.#tcp.options.interval
  }

  setKeepAliveInterval(value: bigint): void {
    this.#set('interval', value)
  }

  keepAliveCount(): number {
    return this.#tcp.options.count
  }

  setKeepAliveCount(value: number): void {
    this.#set('count', value)
  }

  hopLimit(): number {
    return asked(() => {
      throw new SocketError('not-supported')
    })
  }

  setHopLimit(): void {
    this.hopLimit()
  }

  receiveBufferSize(): bigint {
    return this.#tcp.options.receiveBuffer
  }

  setReceiveBufferSize(value: bigint): void {
    this.#set('receiveBuffer', value)
  }

  sendBufferSize(): bigint {
    return this.#tcp.options.sendBuffer
  }

  setSendBufferSize(value: bigint): void {
    this.#set('sendBuffer', value)
  }

  subscribe(): Pollable {
    return new Pollable(this.#readiness, this.#sockets.context.signal)
  }

  shutdown(type: 'receive' | 'send' | 'both'): void {
    asked(() => {
      if (!this.#ends) throw new SocketError('invalid-state')
      if (type !== 'receive') this.#ends.sink.end()
      if (type !== 'send') this.#ends.source.end()
    })
  }

  [Symbol.dispose](): void {
    this.#tcp.drop()
  }

  #requireFree(): void {
    if (this.#underway) throw new SocketError('concurrency-conflict')
  }

  #start(what: 'connect' | 'listen', work: Promise<Pick<Underway, 'socket'>>): void {
    this.#underway = { what, isDone: false }
    const done = (outcome: Pick<Underway, 'socket' | 'error'>) => {
      this.#underway = { what, isDone: true, ...outcome }
      this.#bell.ring()
    }
    work.then(done, (error: unknown) => done({ error }))
  }

  #finish(what: Underway['what']): Underway {
    const underway = this.#underway
    if (underway?.what !== what) throw new SocketError('not-in-progress')
    if (!underway.isDone) throw new SocketError('would-block')
    this.#underway = undefined
    if (underway.error !== undefined) throw underway.error
    return underway
  }

  #streams(socket: Socket): Connection {
    const { life, signal } = this.#sockets.context
    const ends = { source: new SocketSource(socket), sink: new SocketSink(socket) }
    this.#ends = ends
    return [new InputStream(ends.source, signal), new OutputStream(ends.sink, life)]
  }

  #set<K extends Exclude<keyof TcpOptions, 'keepAlive'>>(option: K, value: TcpOptions[K]): void {
    asked(() => {
      if (Number(value) === 0) throw new SocketError('invalid-argument')
      this.#tcp.options[option] = value
    })
  }
}
