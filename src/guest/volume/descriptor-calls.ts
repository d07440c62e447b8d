import { GuestError } from '../../capability/guest-error.ts'
import { WeftError } from '../../errors.ts'
import type { HeldOpen } from '../held-open.ts'
import type { WasiContext } from '../wasi-context.ts'
import { FileError, type FileErrorCode } from './file-error.ts'
import type { FileStatus, FileType, NewTime } from './file-status.ts'
import { openAt } from './open-at.ts'
import type { OpenNode } from './open-node.ts'
import * as paths from './path-operations.ts'

/** A moment as WASI has it, before or after 1970. */
export interface WasiTime {
  readonly seconds: bigint
  readonly nanoseconds: number
}

/** How a version of `wasi:filesystem` says things that all of them say. */
export interface FileDialect {
  readonly failure: (code: FileErrorCode) => unknown
  readonly type: (type: FileType) => unknown
  /** Undefined for a moment that it can't say. */
  readonly time: (nanoseconds: bigint) => WasiTime | undefined
}

/** What the descriptors of one instance share. */
export interface DescriptorOwner {
  readonly files: HeldOpen
  readonly context: Pick<WasiContext, 'life' | 'signal' | 'commit'>
}

interface DescriptorFlags {
  readonly read: boolean
  readonly write: boolean
  readonly fileIntegritySync: boolean
  readonly dataIntegritySync: boolean
  readonly requestedWriteSync: boolean
  readonly mutateDirectory: boolean
}

interface OpenFlags {
  readonly create: boolean
  readonly directory: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
}

interface PathFlags {
  readonly symlinkFollow: boolean
}

type NewTimestamp =
  | { readonly tag: 'no-change' | 'now'; readonly val?: undefined }
  | { readonly tag: 'timestamp'; readonly val: WasiTime }

/** The methods that `descriptor` has in every version of `wasi:filesystem`. */
export abstract class DescriptorCalls {
  readonly node: OpenNode
  readonly owner: DescriptorOwner
  readonly #dialect: FileDialect

  constructor(node: OpenNode, owner: DescriptorOwner, dialect: FileDialect) {
    this.node = owner.files.add(node)
    this.owner = owner
    this.#dialect = dialect
  }

  /** Another descriptor of the same version. */
  protected abstract opened(node: OpenNode): this

  advise(): void {}

  syncData(): Promise<void> {
    return this.asked(() => this.node.sync())
  }

  sync(): Promise<void> {
    return this.asked(() => this.node.sync())
  }

  getFlags(): DescriptorFlags {
    const { openFor, type, access } = this.node
    return {
      ...openFor,
      fileIntegritySync: false,
      dataIntegritySync: false,
      requestedWriteSync: false,
      mutateDirectory: type === 'directory' && access === 'read-write',
    }
  }

  getType(): unknown {
    return this.#dialect.type(this.node.type)
  }

  setSize(size: bigint): Promise<void> {
    return this.changing(() => this.node.setSize(size))
  }

  setTimes(accessed: NewTimestamp, modified: NewTimestamp): Promise<void> {
    return this.changing(() => this.node.setTimes(timesFrom(accessed, modified)))
  }

  stat(): Promise<object> {
    return this.asked(async () => this.#stat(await this.node.status()))
  }

  statAt(flags: PathFlags, path: string): Promise<object> {
    return this.asked(async () => this.#stat(await paths.statusAt(this.#maybeLink(flags, path))))
  }

  setTimesAt(flags: PathFlags, path: string, accessed: NewTimestamp, modified: NewTimestamp): Promise<void> {
    return this.changing(() => paths.setTimesAt(this.#maybeLink(flags, path), timesFrom(accessed, modified)))
  }

  openAt(path: PathFlags, name: string, open: OpenFlags, flags: DescriptorFlags): Promise<this> {
    return this.asked(async () => {
      this.requireRoom()
      if (flags.mutateDirectory) this.node.requireMutable()
      if (flags.write || open.create || open.truncate) this.owner.context.commit()
      const { read, write, fileIntegritySync, dataIntegritySync } = flags
      const sync = fileIntegritySync ? 'file' : dataIntegritySync ? 'data' : 'none'
      const request = { path: name, follow: path.symlinkFollow, ...open, read, write, sync } as const
      return this.opened(await openAt(this.node, request))
    })
  }

  createDirectoryAt(path: string): Promise<void> {
    return this.changing(() => paths.createDirectoryAt(this.#at(path)))
  }

  removeDirectoryAt(path: string): Promise<void> {
    return this.changing(() => paths.removeDirectoryAt(this.#at(path)))
  }

  unlinkFileAt(path: string): Promise<void> {
    return this.changing(() => paths.unlinkFileAt(this.#at(path)))
  }

  renameAt(oldPath: string, directory: DescriptorCalls, newPath: string): Promise<void> {
    return this.changing(() => paths.renameAt(this.#at(oldPath), directory.#at(newPath)))
  }

  linkAt(flags: PathFlags, oldPath: string, directory: DescriptorCalls, newPath: string): Promise<void> {
    return this.changing(() => paths.linkAt(this.#maybeLink(flags, oldPath), directory.#at(newPath)))
  }

  symlinkAt(target: string, path: string): Promise<void> {
    return this.changing(() => paths.symlinkAt(target, this.#at(path)))
  }

  readlinkAt(path: string): Promise<string> {
    return this.asked(() => paths.readlinkAt(this.#at(path)))
  }

  isSameObject(other: DescriptorCalls): Promise<boolean> {
    return this.node.isSameAs(other.node)
  }

  metadataHash(): Promise<object> {
    return this.asked(() => this.node.hash())
  }

  metadataHashAt(flags: PathFlags, path: string): Promise<object> {
    return this.asked(() => paths.hashAt(this.#maybeLink(flags, path)))
  }

  [Symbol.dispose](): void {
    this.owner.files.close(this.node)
  }

  /** A failure is the guest's error value. */
  protected async asked<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw this.failed(error)
    }
  }

  /** The same for what others can see. */
  protected changing<T>(work: () => Promise<T>): Promise<T> {
    return this.asked(() => {
      this.owner.context.commit()
      return work()
    })
  }

  protected failed(error: unknown): unknown {
    // Not a file's failure, but the end of the call.
    if (error instanceof WeftError) return error
    return new GuestError(this.#dialect.failure(FileError.from(error).code))
  }

  protected requireRoom(): void {
    if (this.owner.files.isFull) throw new FileError('insufficient-memory')
  }

  #at(path: string): paths.Beneath {
    return { base: this.node, path }
  }

  #maybeLink({ symlinkFollow: follow }: PathFlags, path: string): paths.MaybeLink {
    return { base: this.node, path, follow }
  }

  #stat({ type, linkCount, size, accessed, modified, changed }: FileStatus): object {
    const { time } = this.#dialect
    return {
      type: this.#dialect.type(type),
      linkCount,
      size,
      dataAccessTimestamp: time(accessed),
      dataModificationTimestamp: time(modified),
      statusChangeTimestamp: time(changed),
    }
  }
}

function timesFrom(accessed: NewTimestamp, modified: NewTimestamp) {
  return { accessed: timeFrom(accessed), modified: timeFrom(modified) }
}

function timeFrom(given: NewTimestamp): NewTime {
  if (given.tag !== 'timestamp') return given.tag
  return given.val.seconds * nanosecondsPerSecond + BigInt(given.val.nanoseconds)
}

const nanosecondsPerSecond = 1_000_000_000n

/** Nanoseconds since the epoch; before it the seconds are negative, the nanoseconds never. */
export function wasiTime(nanoseconds: bigint): WasiTime {
  const rest = ((nanoseconds % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond
  return { seconds: (nanoseconds - rest) / nanosecondsPerSecond, nanoseconds: Number(rest) }
}
