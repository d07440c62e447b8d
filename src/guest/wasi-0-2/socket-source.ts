import type { Socket } from 'node:net'
import { SocketError } from '../network/socket-error.ts'
import type { ByteSource } from './input-stream.ts'
import { streamClosed, streamFailed } from './io-error.ts'
import { Bell } from './readiness.ts'

/** Received ahead of the guest; the peer waits beyond that. */
const mostAhead = 64 * 1024

/** What comes in on a connection. */
export class SocketSource implements ByteSource {
  readonly #socket: Socket
  readonly #bell = new Bell()
  #chunks: Uint8Array[] = []
  #size = 0
  #hasEnded = false
  #failure: SocketError | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Uint8Array) => this.#take(chunk))
    socket.once('end', () => this.end())
    socket.once('close', () => this.end())
    socket.once('error', (error) => {
      this.#failure = SocketError.from(error)
      this.end()
    })
    // One that was accepted was paused until now.
    socket.resume()
  }

  isReady(): boolean {
    return this.#size > 0 || this.#hasEnded
  }

  onChange(wake: () => void): () => void {
    return this.#bell.onChange(wake)
  }

  take(most: number): Uint8Array {
    if (this.#size === 0 && this.#hasEnded) throw this.#end()
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined
    const bytes = all ?? Buffer.concat(this.#chunks)
    const taken = bytes.subarray(0, most)
    this.#chunks = taken.byteLength < bytes.byteLength ? [bytes.subarray(taken.byteLength)] : []
    this.#size -= taken.byteLength
    if (this.#size < mostAhead) this.#socket.resume()
    return taken
  }

  /** Nothing more is received: the peer has ended, or the guest wants no more. */
  end(): void {
    this.#hasEnded = true
    this.#bell.ring()
  }

  release(): void {
    this.#chunks = []
    this.#size = 0
    this.end()
  }

  #take(chunk: Uint8Array): void {
    if (this.#hasEnded) return
    this.#chunks.push(chunk)
    this.#size += chunk.byteLength
    if (this.#size >= mostAhead) this.#socket.pause()
    this.#bell.ring()
  }

  /** A failure is told once, the stream is closed then. */
  #end(): Error {
    const failure = this.#failure
    this.#failure = undefined
    return failure ? streamFailed(failure.message, { network: failure.code }) : streamClosed()
  }
}
