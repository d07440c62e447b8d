import { connect, createServer, type Server, type Socket } from 'node:net'
import type { HeldOpen } from '../held-open.ts'
import { type AddressFamily, type Endpoint, familyOf, isUnspecified } from './ip-address.ts'
import type { GuestNetwork } from './network.ts'
import { SocketError } from './socket-error.ts'

/** What the sockets of one instance share. */
export interface SocketOwner {
  readonly network: GuestNetwork
  readonly sockets: HeldOpen
}

/** How a TCP socket is to behave; what Node can't set is kept and given back, as WASI allows. Times in nanoseconds. */
export interface TcpOptions {
  keepAlive: boolean
  idleTime: bigint
  interval: bigint
  count: number
  receiveBuffer: bigint
  sendBuffer: bigint
  backlog: number
}

/** As Linux has them. */
const defaults: TcpOptions = {
  keepAlive: false,
  idleTime: 7_200_000_000_000n,
  interval: 75_000_000_000n,
  count: 9,
  receiveBuffer: 65_536n,
  sendBuffer: 65_536n,
  backlog: 128,
}
/** How long what was written to a socket that is closed may take to go out. */
const lingerMs = 10_000

type State = 'unbound' | 'bound' | 'connecting' | 'connected' | 'listening' | 'closed'

/** A guest's TCP socket, whichever WASI it speaks. Node binds when it connects or listens: until then `bind` only notes. */
export class Tcp {
  readonly family: AddressFamily
  readonly options: TcpOptions = { ...defaults }
  /** Called when there may be something to accept. */
  onAccept: () => void = () => {}
  readonly #owner: SocketOwner
  readonly #accepted: Tcp[] = []
  #state: State = 'unbound'
  #local: Endpoint | undefined
  #socket: Socket | undefined
  #server: Server | undefined

  constructor(family: AddressFamily, owner: SocketOwner) {
    if (owner.sockets.isFull) throw new SocketError('new-socket-limit')
    this.family = family
    this.#owner = owner
    owner.sockets.add(this)
  }

  get state(): State {
    return this.#state
  }

  bind(local: Endpoint): void {
    if (this.#state !== 'unbound') throw new SocketError('invalid-state')
    this.#requireFamily(local)
    if (!this.#owner.network.mayBind(local)) throw this.#refusal('bind', local)
    this.#local = local
    this.#state = 'bound'
  }

  /** Throws at once what is refused. */
  connect(remote: Endpoint): Promise<Socket> {
    if (this.#state !== 'unbound' && this.#state !== 'bound') throw new SocketError('invalid-state')
    this.#requireFamily(remote)
    if (remote.port === 0 || isUnspecified(remote.address)) throw new SocketError('invalid-argument')
    if (!this.#owner.network.mayReach('tcp', remote)) throw this.#refusal('connect to', remote)
    this.#state = 'connecting'
    return this.#connect(remote)
  }

  async #connect(remote: Endpoint): Promise<Socket> {
    const local = this.#local && { localAddress: this.#local.address, localPort: this.#local.port }
    const socket = connect({ host: remote.address, port: remote.port, allowHalfOpen: true, ...local })
    this.#socket = socket
    // Whoever reads or writes is told of errors, too.
    socket.on('error', () => {})
    try {
      await new Promise<void>((resolve, reject) => {
        socket
          .once('connect', resolve)
          .once('error', reject)
          .once('close', () => reject(aborted()))
      })
    } catch (error) {
      if (this.#state === 'connecting') this.#state = 'closed'
      throw SocketError.from(error)
    }
    this.#connected(socket)
    return socket
  }

  /** Throws at once what is refused. */
  listen(): Promise<void> {
    if (this.#state !== 'bound' || !this.#local) throw new SocketError('invalid-state')
    if (!this.#owner.network.mayListen(this.#local)) throw this.#refusal('listen at', this.#local)
    this.#state = 'listening'
    return this.#listen(this.#local)
  }

  async #listen({ address: host, port }: Endpoint): Promise<void> {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.#take(socket))
    this.#server = server
    try {
      await new Promise<void>((resolve, reject) => {
        server
          .once('listening', resolve)
          .once('error', reject)
          .once('close', () => reject(aborted()))
        server.listen({ host, port, backlog: this.options.backlog, ipv6Only: this.family === 'ipv6' })
      })
    } catch (error) {
      this.#state = 'closed'
      throw SocketError.from(error)
    }
  }

  /** The next connection that came in, with its socket. */
  accept(): { readonly tcp: Tcp; readonly socket: Socket } | undefined {
    if (this.#state !== 'listening') throw new SocketError('invalid-state')
    const tcp = this.#accepted.shift()
    const socket = tcp ? tcp.#socket : undefined
    return tcp && socket && { tcp, socket }
  }

  get hasAccepted(): boolean {
    return this.#accepted.length > 0
  }

  get local(): Endpoint {
    const listening = this.#server?.address()
    if (listening && typeof listening === 'object')
      return { address: listening.address, port: listening.port }
    const { localAddress: address, localPort: port } = this.#socket ?? {}
    if (address !== undefined && port !== undefined) return { address, port }
    if (this.#local) return this.#local
    throw new SocketError('invalid-state')
  }

  get remote(): Endpoint {
    const { remoteAddress: address, remotePort: port } = this.#socket ?? {}
    if (this.#state !== 'connected' || address === undefined || port === undefined)
      throw new SocketError('invalid-state')
    return { address, port }
  }

  applyKeepAlive(): void {
    const { keepAlive, idleTime } = this.options
    this.#socket?.setKeepAlive(keepAlive, Math.min(Number(idleTime / 1_000_000n), 2_147_483_647))
  }

  /** The guest is done with it: what it wrote still goes out, within a time. */
  drop(): void {
    this.#owner.sockets.close(this)
  }

  close(): void {
    this.#state = 'closed'
    this.#server?.close()
    for (const waiting of this.#accepted.splice(0)) waiting.drop()
    const socket = this.#socket
    if (!socket || socket.destroyed) return
    if (socket.connecting) {
      socket.destroy()
      return
    }
    socket.destroySoon()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }

  #connected(socket: Socket): void {
    this.#socket = socket
    this.#state = 'connected'
    if (this.options.keepAlive) this.applyKeepAlive()
  }

  #take(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#accepted.length >= this.options.backlog || this.#owner.sockets.isFull) {
      socket.destroy()
      return
    }
    const tcp = new Tcp(this.family, this.#owner)
    Object.assign(tcp.options, this.options)
    tcp.#connected(socket)
    this.#accepted.push(tcp)
    this.onAccept()
  }

  #refusal(deed: string, { address, port }: Endpoint): SocketError {
    return this.#owner.network.refusal(`${deed} ${address} port ${port} by TCP`)
  }

  #requireFamily({ address }: Endpoint): void {
    const isMapped = /^0:0:0:0:0:ffff:/.test(address)
    if (familyOf(address) !== this.family || isMapped) throw new SocketError('invalid-argument')
  }
}

function aborted(): SocketError {
  return new SocketError('connection-aborted')
}
