import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type StoredMsg,
} from '@nats-io/jetstream'
import { headers } from 'nats'
import { WeftError } from '../../src/errors.ts'

/** The part of an object's entry that is of use here; others may write more (ADR-20 of NATS). */
export interface ObjectEntry {
  readonly name: string
  /** Names the chunks. */
  readonly nuid: string
  readonly size: number
  readonly chunks: number
  /** `SHA-256=` and the hash in base64url with padding. */
  readonly digest?: string
  readonly deleted?: boolean
}

/** An entry with where and when it was written. */
export interface FoundEntry {
  readonly entry: ObjectEntry
  /** 0 when there was never one. */
  readonly revision: number
  readonly seconds: bigint
}

/** A subject is a line of the NATS protocol, of 4096 bytes at most; the name stands in it in base64. */
const longestName = 2048
const mostTries = 30

/** The subjects and entries of one bucket of NATS' object store: a stream `OBJ_{bucket}`. */
export class ObjectBucket {
  readonly stream: string
  readonly #bucket: string
  readonly #client: JetStreamClient
  readonly manager: JetStreamManager

  constructor(bucket: string, client: JetStreamClient, manager: JetStreamManager) {
    this.#bucket = bucket
    this.stream = `OBJ_${bucket}`
    this.#client = client
    this.manager = manager
  }

  get everyEntry(): string {
    return `$O.${this.#bucket}.M.>`
  }

  chunks(nuid: string): string {
    return `$O.${this.#bucket}.C.${nuid}`
  }

  config() {
    return {
      name: this.stream,
      subjects: [`$O.${this.#bucket}.C.>`, `$O.${this.#bucket}.M.>`],
      allow_rollup_hdrs: true,
      allow_direct: true,
      discard: 'new' as const,
    }
  }

  publishChunk(nuid: string, index: number, bytes: Uint8Array) {
    const made = headers()
    made.set(chunkHeader, String(index))
    return this.#client.publish(this.chunks(nuid), bytes, { headers: made })
  }

  /** The entry of an object; a deleted one counts as none, but has a revision. */
  async find(name: string): Promise<FoundEntry | { readonly entry: undefined; readonly revision: number }> {
    const message = await this.manager.direct
      .getMessage(this.stream, { last_by_subj: this.#entrySubject(name) })
      .catch(noneIfMissing)
    if (!message) return { entry: undefined, revision: 0 }
    const found = foundFrom(message)
    return found.entry.deleted === true ? { entry: undefined, revision: found.revision } : found
  }

  /**
   * Puts an entry in the place of the one that is there, whichever that is by then, and gives that back. `make` may say
   * that there is nothing to do.
   */
  async replace(
    name: string,
    make: (before: ObjectEntry | undefined) => ObjectEntry | undefined,
  ): Promise<ObjectEntry | undefined> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const { entry: before, revision } = await this.find(name)
      const after = make(before)
      if (!after) return undefined
      if (await this.#write(after, revision)) return before
    }
    throw new WeftError('unavailable', `others kept writing ${name}: gave up after ${mostTries} tries`)
  }

  async purge(nuid: string): Promise<void> {
    await this.manager.streams.purge(this.stream, { filter: this.chunks(nuid) })
  }

  /** False when somebody else has written since `revision`. */
  async #write(entry: ObjectEntry, revision: number): Promise<boolean> {
    const made = headers()
    made.set('Nats-Rollup', 'sub')
    try {
      await this.#client.publish(
        this.#entrySubject(entry.name),
        JSON.stringify({ ...entry, bucket: this.#bucket }),
        {
          headers: made,
          expect: { lastSubjectSequence: revision },
        },
      )
      return true
    } catch (error) {
      const overtaken: readonly number[] = [
        JetStreamApiCodes.StreamWrongLastSequence,
        JetStreamApiCodes.StreamWrongLastSequenceUnknown,
      ]
      if (error instanceof JetStreamApiError && overtaken.includes(error.code)) return false
      throw error
    }
  }

  #entrySubject(name: string): string {
    const bytes = Buffer.from(name)
    if (bytes.byteLength === 0 || bytes.byteLength > longestName)
      throw new WeftError(
        'invalid',
        `an object's name has 1 to ${longestName} bytes, this one ${bytes.byteLength}`,
      )
    return `$O.${this.#bucket}.M.${padded(bytes)}`
  }
}

/** Says which chunk of its object a message is; other clients pass over it. */
export const chunkHeader = 'weft-chunk'

/** Base64url with padding, as Go and all clients of NATS have it here. */
export function padded(bytes: Buffer): string {
  const text = bytes.toString('base64url')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Reads a message with an entry; what is no entry is an error that names it. */
export function foundFrom(message: StoredMsg): FoundEntry {
  const entry = message.json<Partial<ObjectEntry>>()
  const { name, nuid, size, chunks } = entry
  if (
    typeof name !== 'string' ||
    typeof nuid !== 'string' ||
    typeof size !== 'number' ||
    typeof chunks !== 'number'
  )
    throw new WeftError('internal', `the message on ${message.subject} is no entry of an object`)
  const seconds = BigInt(Math.floor(message.time.getTime() / 1000))
  return { entry: { ...entry, name, nuid, size, chunks }, revision: message.seq, seconds }
}

/** Of a message that is asked for: none is none. */
export function noneIfMissing(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.NoMessageFound) return null
  throw error
}
