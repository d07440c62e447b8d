import { GuestError } from '../../capability/guest-error.ts'
import type { HeldOpen } from '../held-open.ts'
import { FileError } from '../volume/file-error.ts'
import type { FileStatus, NewTime } from '../volume/file-status.ts'
import { openAt } from '../volume/open-at.ts'
import type { OpenNode } from '../volume/open-node.ts'
import * as paths from '../volume/path-operations.ts'
import { type DirectoryEntry, DirectoryReader } from '../volume/read-directory.ts'
import type { WasiContext } from '../wasi-context.ts'
import { type Datetime, datetimeFrom, nanosecondsOf } from './clocks.ts'
import { FileSink } from './file-sink.ts'
import { FileSource } from './file-source.ts'
import { InputStream } from './input-stream.ts'
import { OutputStream } from './output-stream.ts'

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
  | { readonly tag: 'timestamp'; readonly val: Datetime }

/** What the descriptors of one instance share. */
export interface DescriptorOwner {
  readonly files: HeldOpen
  readonly context: Pick<WasiContext, 'signal' | 'commit'>
}

/** `wasi:filesystem/types@0.2` resource `descriptor`: an open file or directory. */
export class Descriptor {
  readonly #node: OpenNode
  readonly #owner: DescriptorOwner

  constructor(node: OpenNode, owner: DescriptorOwner) {
    this.#node = owner.files.add(node)
    this.#owner = owner
  }

  readViaStream(offset: bigint): InputStream {
    return refusing(() => {
      this.#node.requireFile('read')
      const { files, context } = this.#owner
      requireRoom(files)
      return new InputStream(new FileSource(this.#node.another(), offset, files), context.signal)
    })
  }

  writeViaStream(offset: bigint): OutputStream {
    let at = offset
    return this.#output((node, bytes) => {
      const from = at
      at += BigInt(bytes.byteLength)
      return node.write(bytes, from)
    })
  }

  appendViaStream(): OutputStream {
    return this.#output((node, bytes) => node.append(bytes))
  }

  advise(): void {}

  syncData(): Promise<void> {
    return answered(() => this.#node.sync())
  }

  getFlags(): DescriptorFlags {
    const { openFor, type, access } = this.#node
    return {
      ...openFor,
      fileIntegritySync: false,
      dataIntegritySync: false,
      requestedWriteSync: false,
      mutateDirectory: type === 'directory' && access === 'read-write',
    }
  }

  getType(): string {
    return this.#node.type
  }

  setSize(size: bigint): Promise<void> {
    return this.#changed(() => this.#node.setSize(size))
  }

  setTimes(accessed: NewTimestamp, modified: NewTimestamp): Promise<void> {
    return this.#changed(() => this.#node.setTimes(timesFrom(accessed, modified)))
  }

  read(length: bigint, offset: bigint): Promise<[Uint8Array, boolean]> {
    return answered(async () => {
      const bytes = await this.#node.read(length, offset)
      return [bytes, bytes.byteLength === 0]
    })
  }

  write(bytes: Uint8Array, offset: bigint): Promise<bigint> {
    return this.#changed(async () => {
      await this.#node.write(bytes, offset)
      return BigInt(bytes.byteLength)
    })
  }

  readDirectory(): DirectoryEntryStream {
    return refusing(() => {
      requireRoom(this.#owner.files)
      return new DirectoryEntryStream(new DirectoryReader(this.#node), this.#owner.files)
    })
  }

  sync(): Promise<void> {
    return answered(() => this.#node.sync())
  }

  createDirectoryAt(path: string): Promise<void> {
    return this.#changed(() => paths.createDirectoryAt(this.#at(path)))
  }

  stat(): Promise<object> {
    return answered(async () => statFrom(await this.#node.status()))
  }

  statAt(flags: PathFlags, path: string): Promise<object> {
    return answered(async () => statFrom(await paths.statusAt(this.#maybeLink(flags, path))))
  }

  setTimesAt(flags: PathFlags, path: string, accessed: NewTimestamp, modified: NewTimestamp): Promise<void> {
    return this.#changed(() => paths.setTimesAt(this.#maybeLink(flags, path), timesFrom(accessed, modified)))
  }

  linkAt(flags: PathFlags, oldPath: string, directory: Descriptor, newPath: string): Promise<void> {
    return this.#changed(() => paths.linkAt(this.#maybeLink(flags, oldPath), directory.#at(newPath)))
  }

  openAt(path: PathFlags, name: string, open: OpenFlags, flags: DescriptorFlags): Promise<Descriptor> {
    return answered(async () => {
      requireRoom(this.#owner.files)
      if (flags.mutateDirectory) this.#node.requireMutable()
      if (flags.write || open.create || open.truncate) this.#owner.context.commit()
      const { read, write, fileIntegritySync, dataIntegritySync } = flags
      const sync = fileIntegritySync ? 'file' : dataIntegritySync ? 'data' : 'none'
      const request = { path: name, follow: path.symlinkFollow, ...open, read, write, sync } as const
      return new Descriptor(await openAt(this.#node, request), this.#owner)
    })
  }

  readlinkAt(path: string): Promise<string> {
    return answered(() => paths.readlinkAt(this.#at(path)))
  }

  removeDirectoryAt(path: string): Promise<void> {
    return this.#changed(() => paths.removeDirectoryAt(this.#at(path)))
  }

  renameAt(oldPath: string, directory: Descriptor, newPath: string): Promise<void> {
    return this.#changed(() => paths.renameAt(this.#at(oldPath), directory.#at(newPath)))
  }

  symlinkAt(target: string, path: string): Promise<void> {
    return this.#changed(() => paths.symlinkAt(target, this.#at(path)))
  }

  unlinkFileAt(path: string): Promise<void> {
    return this.#changed(() => paths.unlinkFileAt(this.#at(path)))
  }

  isSameObject(other: Descriptor): Promise<boolean> {
    return this.#node.isSameAs(other.#node)
  }

  metadataHash(): Promise<object> {
    return answered(() => this.#node.hash())
  }

  metadataHashAt(flags: PathFlags, path: string): Promise<object> {
    return answered(() => paths.hashAt(this.#maybeLink(flags, path)))
  }

  [Symbol.dispose](): void {
    this.#owner.files.close(this.#node)
  }

  #at(path: string): paths.Beneath {
    return { base: this.#node, path }
  }

  #maybeLink({ symlinkFollow: follow }: PathFlags, path: string): paths.MaybeLink {
    return { base: this.#node, path, follow }
  }

  #changed<T>(work: () => Promise<T>): Promise<T> {
    return answered(() => {
      this.#owner.context.commit()
      return work()
    })
  }

  #output(write: (node: OpenNode, bytes: Uint8Array) => Promise<void>): OutputStream {
    return refusing(() => {
      this.#node.requireFile('write')
      this.#owner.context.commit()
      const { files, context } = this.#owner
      requireRoom(files)
      const node = this.#node.another()
      return new OutputStream(new FileSink(node, (bytes) => write(node, bytes), files), context.signal)
    })
  }
}

/** `wasi:filesystem/types@0.2` resource `directory-entry-stream`. */
export class DirectoryEntryStream {
  readonly #reader: DirectoryReader
  readonly #files: HeldOpen
  readonly #held: { close(): void }

  constructor(reader: DirectoryReader, files: HeldOpen) {
    this.#reader = reader
    this.#files = files
    this.#held = files.add({ close: () => void reader.close() })
  }

  readDirectoryEntry(): Promise<DirectoryEntry | undefined> {
    return answered(() => this.#reader.next())
  }

  [Symbol.dispose](): void {
    this.#files.close(this.#held)
  }
}

/** A failure is the guest's error value. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new GuestError(FileError.from(error).code)
  }
}

function requireRoom(files: HeldOpen): void {
  if (files.isFull) throw new FileError('insufficient-memory')
}

function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new GuestError(FileError.from(error).code)
  }
}

function statFrom({ type, linkCount, size, accessed, modified, changed }: FileStatus): object {
  return {
    type,
    linkCount,
    size,
    dataAccessTimestamp: datetimeFrom(accessed),
    dataModificationTimestamp: datetimeFrom(modified),
    statusChangeTimestamp: datetimeFrom(changed),
  }
}

function timesFrom(accessed: NewTimestamp, modified: NewTimestamp) {
  return { accessed: timeFrom(accessed), modified: timeFrom(modified) }
}

function timeFrom(given: NewTimestamp): NewTime {
  return given.tag === 'timestamp' ? nanosecondsOf(given.val) : given.tag
}
