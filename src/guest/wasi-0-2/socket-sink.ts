import type { Socket } from 'node:net'
import { SocketError } from '../network/socket-error.ts'
import { streamClosed, streamFailed } from './io-error.ts'
import type { ByteSink } from './output-stream.ts'
import { Bell } from './readiness.ts'

/** What a guest may have written that the system has not taken yet. */
const mostPending = 64 * 1024

/** What goes out on a connection. */
export class SocketSink implements ByteSink {
  readonly #socket: Socket
  readonly #bell = new Bell()
  #pending = 0
  #isFlushing = false
  #isClosed = false
  #failure: SocketError | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.once('close', () => this.#close())
    socket.once('error', (error) => {
      this.#failure = SocketError.from(error)
      this.#close()
    })
  }

  isReady(): boolean {
    return this.#isClosed || this.#free() > 0
  }

  onChange(wake: () => void): () => void {
    return this.#bell.onChange(wake)
  }

  room(): number {
    const failure = this.#failure
    this.#failure = undefined
    if (failure) throw streamFailed(failure.message, { network: failure.code })
    if (this.#isClosed) throw streamClosed()
    return this.#free()
  }

  put(bytes: Uint8Array): void {
    this.#pending += bytes.byteLength
    this.#socket.write(bytes, () => {
      this.#pending -= bytes.byteLength
      if (this.#pending === 0) this.#isFlushing = false
      this.#bell.ring()
    })
  }

  flush(): void {
    this.#isFlushing = this.#pending > 0
  }

  /** The guest sends no more; what it wrote is still sent, and then the peer is told. */
  end(): void {
    if (this.#isClosed) return
    this.#close()
    this.#socket.end()
  }

  /** A dropped stream leaves the connection as it is. */
  release(): void {}

  #free(): number {
    return this.#isFlushing ? 0 : Math.max(0, mostPending - this.#pending)
  }

  #close(): void {
    this.#isClosed = true
    this.#bell.ring()
  }
}
