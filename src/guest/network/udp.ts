import { createSocket, type Socket } from 'node:dgram'
import { Bell } from '../wasi-0-2/readiness.ts'
import { type AddressFamily, type Endpoint, familyOf, isUnspecified } from './ip-address.ts'
import { SocketError } from './socket-error.ts'
import type { SocketOwner } from './tcp.ts'

/** A datagram that came, and from where. */
export interface Datagram {
  readonly data: Uint8Array
  readonly remote: Endpoint
}

/** Datagrams kept for a guest that does not read them, and their bytes; more are lost, as UDP has it. */
const mostWaiting = 64
const mostWaitingBytes = 1024 * 1024
/** What UDP over IPv4 can carry. */
const largestDatagram = 65_507

/** A guest's UDP socket, whichever WASI it speaks. */
export class Udp {
  readonly family: AddressFamily
  readonly #owner: SocketOwner
  readonly #arrival = new Bell()
  readonly #waiting: Datagram[] = []
  #bytes = 0
  #socket: Socket | undefined
  #binding: Promise<Socket> | undefined
  #peer: Endpoint | undefined
  /** Bound to a place that the manifest names: anybody may send there. Else only those that the guest may send to. */
  #isListener = false
  #hopLimit = 64
  /** What Linux gives by default. */
  readonly #bufferSizes = { receive: 212_992n, send: 212_992n }

  constructor(family: AddressFamily, owner: SocketOwner) {
    if (owner.sockets.isFull) throw new SocketError('new-socket-limit')
    this.family = family
    this.#owner = owner
    owner.sockets.add(this)
  }

  /** Settles when it is bound. */
  bind(local: Endpoint): Promise<Socket> {
    if (this.#binding) throw new SocketError('invalid-state')
    if (familyOf(local.address) !== this.family) throw new SocketError('invalid-argument')
    if (!this.#owner.network.mayBind(local)) throw this.#refusal('bind', local)
    this.#isListener = this.#owner.network.mayListen(local)
    this.#binding = this.#open(local)
    this.#binding.catch(() => {})
    return this.#binding
  }

  get isBound(): boolean {
    return this.#socket !== undefined
  }

  /** From now on it sends to, and gets from, this one peer only; undefined lifts that. */
  connect(peer: Endpoint | undefined): void {
    if (peer) this.#requirePeer(peer)
    this.#peer = peer
    const kept = this.#waiting.filter(({ remote }) => this.#takesFrom(remote))
    this.#waiting.splice(0, this.#waiting.length, ...kept)
  }

  get hopLimit(): number {
    return this.#hopLimit
  }

  set hopLimit(value: number) {
    if (value === 0) throw new SocketError('invalid-argument')
    this.#hopLimit = value
  }

  bufferSize(which: 'receive' | 'send'): bigint {
    return this.#bufferSizes[which]
  }

  /** Kept and given back: the system's own sizes stay. */
  setBufferSize(which: 'receive' | 'send', value: bigint): void {
    if (value === 0n) throw new SocketError('invalid-argument')
    this.#bufferSizes[which] = value
  }

  get peer(): Endpoint | undefined {
    return this.#peer
  }

  get local(): Endpoint {
    if (!this.#socket) throw new SocketError('invalid-state')
    const { address, port } = this.#socket.address()
    return { address, port }
  }

  /** Where a datagram would go; throws what is refused. */
  check(data: Uint8Array, remote: Endpoint | undefined): Endpoint {
    const to = remote ?? this.#peer
    if (!to) throw new SocketError('invalid-argument')
    this.#requirePeer(to)
    if (this.#peer && (to.port !== this.#peer.port || !sameAddress(to.address, this.#peer.address)))
      throw new SocketError('invalid-argument')
    if (data.byteLength > largestDatagram) throw new SocketError('datagram-too-large')
    return to
  }

  /** Settles when the system has taken it. */
  async send(data: Uint8Array, remote: Endpoint | undefined): Promise<void> {
    const to = this.check(data, remote)
    const any = { address: this.family === 'ipv4' ? '0.0.0.0' : '::', port: 0 }
    const socket = await (this.#binding ?? this.bind(any))
    socket.setTTL(this.hopLimit)
    await new Promise<void>((resolve, reject) => {
      socket.send(data, to.port, to.address, (error) => (error ? reject(SocketError.from(error)) : resolve()))
    })
  }

  /** The next datagram that is there. */
  receive(): Datagram | undefined {
    const next = this.#waiting.shift()
    if (next) this.#bytes -= next.data.byteLength
    return next
  }

  get hasDatagrams(): boolean {
    return this.#waiting.length > 0
  }

  onArrival(wake: () => void): () => void {
    return this.#arrival.onChange(wake)
  }

  drop(): void {
    this.#owner.sockets.close(this)
  }

  close(): void {
    void this.#binding?.then(
      (socket) => socket.close(),
      () => {},
    )
    this.#arrival.ring()
  }

  async #open({ address, port }: Endpoint): Promise<Socket> {
    const type = this.family === 'ipv4' ? 'udp4' : 'udp6'
    const socket = createSocket({ type, ipv6Only: this.family === 'ipv6' })
    await new Promise<void>((resolve, reject) => {
      const fail = (error: Error) => {
        socket.close()
        reject(SocketError.from(error))
      }
      socket.once('error', fail)
      socket.once('listening', () => {
        socket.off('error', fail)
        resolve()
      })
      socket.bind({ address, port, exclusive: true })
    })
    // A port that nobody listens on is no fault of this socket.
    socket.on('error', () => {})
    socket.on('message', (data, from) =>
      this.#take({ data, remote: { address: from.address, port: from.port } }),
    )
    this.#socket = socket
    return socket
  }

  #take(datagram: Datagram): void {
    const { data, remote } = datagram
    const isFull = this.#waiting.length >= mostWaiting || this.#bytes + data.byteLength > mostWaitingBytes
    if (isFull || !this.#takesFrom(remote)) return
    this.#waiting.push(datagram)
    this.#bytes += data.byteLength
    this.#arrival.ring()
  }

  #takesFrom(remote: Endpoint): boolean {
    if (this.#peer) return remote.port === this.#peer.port && sameAddress(remote.address, this.#peer.address)
    return this.#isListener || this.#owner.network.mayReach('udp', remote)
  }

  #refusal(deed: string, { address, port }: Endpoint): SocketError {
    return this.#owner.network.refusal(`${deed} ${address} port ${port} by UDP`)
  }

  #requirePeer(peer: Endpoint): void {
    if (familyOf(peer.address) !== this.family || peer.port === 0 || isUnspecified(peer.address))
      throw new SocketError('invalid-argument')
    if (!this.#isListener && !this.#owner.network.mayReach('udp', peer)) throw this.#refusal('send to', peer)
  }
}

/** IPv6 has several spellings for one address. */
function sameAddress(one: string, other: string): boolean {
  const plain = (text: string) =>
    text.includes(':') ? new URL(`http://[${text.split('%')[0]}]`).hostname : text
  return plain(one) === plain(other)
}
