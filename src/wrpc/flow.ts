import type { NatsConnection } from 'nats'
import { maxChannels } from './limits.ts'
import { tails } from './subjects.ts'

/** How far a sender may be ahead of who reads a stream of bytes: enough for a long way at full speed. */
const windowBytes = 16 * 1024 * 1024
/** A reader tells how far it is each time it has read so much. */
export const tellEveryBytes = 1024 * 1024

/** Tells a sender how many bytes of a stream have been read in all; undefined: its reader has left. */
export type TellRead = (path: string, total: number | undefined) => void

/** Tells the Weft peer whose inbox is `inbox`. It learns nothing when the connection is closed, and needs nothing then. */
export function tellPeer(connection: NatsConnection, inbox: string): TellRead {
  return (path, total) => {
    try {
      connection.publish(`${inbox}.${tails.flow}.${path}`, total === undefined ? undefined : String(total))
    } catch {}
  }
}

interface Reader {
  read: number
  hasLeft: boolean
  wake: (() => void) | undefined
}

/** What a sender knows of the readers of its streams, by path. */
export class Flow {
  readonly #readers = new Map<string, Reader>()
  #stopped = false

  /** A message of the reader; of what is no number, nothing is learned. */
  told(path: string, data: Uint8Array): void {
    if (this.#readers.size >= maxChannels && !this.#readers.has(path)) return
    const reader = this.#reader(path)
    const text = Buffer.from(data).toString('latin1')
    if (data.length === 0) reader.hasLeft = true
    else if (/^\d{1,15}$/.test(text)) reader.read = Math.max(reader.read, Number(text))
    reader.wake?.()
  }

  /** Nobody reads anything any more. */
  stop(): void {
    this.#stopped = true
    for (const { wake } of this.#readers.values()) wake?.()
  }

  hasLeft(path: string): boolean {
    return this.#stopped || this.#readers.get(path)?.hasLeft === true
  }

  /** Settles when so many bytes sent are no more than the window ahead; undefined when they are not. */
  room(path: string, sent: number): Promise<void> | undefined {
    const reader = this.#reader(path)
    const isFar = () => sent - reader.read > windowBytes && !reader.hasLeft && !this.#stopped
    if (!isFar()) return undefined
    return new Promise((resolve) => {
      reader.wake = () => {
        if (isFar()) return
        reader.wake = undefined
        resolve()
      }
    })
  }

  #reader(path: string): Reader {
    const known = this.#readers.get(path)
    if (known) return known
    const made = { read: 0, hasLeft: false, wake: undefined }
    this.#readers.set(path, made)
    return made
  }
}
