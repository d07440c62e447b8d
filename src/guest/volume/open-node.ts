import { constants, fstat, fsync, ftruncate, read, utimes, write } from 'node:fs'
import { promisify } from 'node:util'
import type { VolumeAccess } from '../../component-settings.ts'
import { Anchor, asDirectory } from './anchor.ts'
import { FileError } from './file-error.ts'
import { type FileStatus, identityHash, type NewTime, secondsFor, statusFrom } from './file-status.ts'

const statOf = promisify(fstat)
const synced = promisify(fsync)
const truncated = promisify(ftruncate)
const readFrom = promisify(read)
const writeTo = promisify(write)
const setTimes = promisify(utimes)

/** What `open-at` was asked to open a file for. */
export interface OpenFor {
  readonly read: boolean
  readonly write: boolean
}

export interface OpenNodeOptions extends OpenFor {
  readonly anchor: Anchor
  readonly type: 'directory' | 'regular-file'
  readonly access: VolumeAccess
}

/** Bytes that one read gives at most: a guest can't make the host allocate more. */
const mostBytesPerRead = 1024 * 1024

/** A file or directory that a guest has open. */
export class OpenNode {
  readonly anchor: Anchor
  readonly type: 'directory' | 'regular-file'
  /** Of the volume that it belongs to. */
  readonly access: VolumeAccess
  readonly openFor: OpenFor
  #isClosed = false

  constructor({ anchor, type, access, read, write }: OpenNodeOptions) {
    this.anchor = anchor
    this.type = type
    this.access = access
    this.openFor = { read, write }
  }

  /** The root of a volume. */
  static root(anchor: Anchor, access: VolumeAccess): OpenNode {
    return new OpenNode({ anchor: anchor.retain(), type: 'directory', access, read: true, write: false })
  }

  /** The same file once more, to be closed on its own. */
  another(): OpenNode {
    const { type, access, openFor } = this
    if (this.#isClosed) throw new FileError('bad-descriptor')
    return new OpenNode({ anchor: this.anchor.retain(), type, access, ...openFor })
  }

  /** Refuses what `open-at` was not asked for. */
  requireFile(use: 'read' | 'write'): void {
    if (this.#isClosed) throw new FileError('bad-descriptor')
    if (this.type === 'directory') throw new FileError('is-directory')
    if (!this.openFor[use]) throw new FileError('bad-descriptor')
  }

  /** What runs still ends on the open file; nothing new begins. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.anchor.release()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Its directory, for what is done by path. */
  directory(): Anchor {
    if (this.#isClosed) throw new FileError('bad-descriptor')
    if (this.type !== 'directory') throw new FileError('not-directory')
    return this.anchor
  }

  requireMutable(): void {
    if (this.access === 'read-only') throw new FileError('read-only')
  }

  status(): Promise<FileStatus> {
    return this.#use(async (anchor) => statusFrom(await statOf(anchor.fd, { bigint: true })))
  }

  hash(): Promise<{ readonly lower: bigint; readonly upper: bigint }> {
    return this.#use(async (anchor) => identityHash(await statOf(anchor.fd, { bigint: true })))
  }

  async isSameAs(other: OpenNode): Promise<boolean> {
    const [own, others] = await Promise.all([this.hash(), other.hash()])
    return own.lower === others.lower && own.upper === others.upper
  }

  setTimes(times: { readonly accessed: NewTime; readonly modified: NewTime }): Promise<void> {
    this.requireMutable()
    return this.#use(async (anchor) => {
      const [accessed, modified] = secondsFor(times, await statOf(anchor.fd, { bigint: true }))
      await setTimes(anchor.self, accessed, modified)
    })
  }

  setSize(size: bigint): Promise<void> {
    return this.#write(async (anchor) => {
      if (size > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileError('file-too-large')
      await truncated(anchor.fd, Number(size))
    })
  }

  /** Up to `length` bytes from `offset` on; none at the end of the file. */
  read(length: bigint, offset: bigint): Promise<Uint8Array> {
    this.requireFile('read')
    return this.#use(async (anchor) => {
      const size = length > BigInt(mostBytesPerRead) ? mostBytesPerRead : Number(length)
      const buffer = new Uint8Array(size)
      const { bytesRead } = await readFrom(anchor.fd, buffer, 0, size, positionOf(offset))
      return buffer.subarray(0, bytesRead)
    })
  }

  /** Writes all of `bytes` at `offset`. */
  write(bytes: Uint8Array, offset: bigint): Promise<void> {
    return this.#write((anchor) => writeAll(anchor, bytes, Number(positionOf(offset))))
  }

  /** Writes all of `bytes` at the end, wherever that is at that moment. */
  append(bytes: Uint8Array): Promise<void> {
    return this.#write(async (anchor) => {
      using end = await Anchor.open(anchor.self, constants.O_WRONLY | constants.O_APPEND)
      await writeAll(end, bytes, null)
    })
  }

  /** Settles when what was written is on the disk. */
  sync(): Promise<void> {
    return this.#use(async (anchor) => {
      if (this.type === 'regular-file') return synced(anchor.fd)
      using readable = await Anchor.open(anchor.self, constants.O_RDONLY | constants.O_DIRECTORY)
      await synced(readable.fd)
    })
  }

  #write(work: (anchor: Anchor) => Promise<void>): Promise<void> {
    this.requireFile('write')
    return this.#use(work)
  }

  /** It stays open at least until `work` is done, even when the guest is gone meanwhile. */
  async #use<T>(work: (anchor: Anchor) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new FileError('bad-descriptor')
    using anchor = this.anchor.retain()
    try {
      return await work(anchor)
    } catch (error) {
      throw FileError.from(error)
    }
  }
}

/** At `position`, or where the descriptor stands (null). */
async function writeAll(anchor: Anchor, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    const where = position === null ? null : position + at
    at += (await writeTo(anchor.fd, bytes, at, bytes.byteLength - at, where)).bytesWritten
  }
}

function positionOf(offset: bigint): bigint {
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) throw new FileError('invalid')
  return offset
}

/** Opens a directory at a path that the host's operator gave; links on the way are his. */
export async function openRoot(path: string): Promise<Anchor> {
  return Anchor.open(path, asDirectory & ~constants.O_NOFOLLOW)
}
