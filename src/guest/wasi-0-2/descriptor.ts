import {
  DescriptorCalls,
  type DescriptorOwner,
  type FileDialect,
  wasiTime,
} from '../volume/descriptor-calls.ts'
import type { OpenNode } from '../volume/open-node.ts'
import { type DirectoryEntry, DirectoryReader } from '../volume/read-directory.ts'
import { FileSink } from './file-sink.ts'
import { FileSource } from './file-source.ts'
import { InputStream } from './input-stream.ts'
import { OutputStream } from './output-stream.ts'

const dialect: FileDialect = {
  failure: (code) => code,
  type: (type) => type,
  time: (nanoseconds) => (nanoseconds < 0n ? undefined : wasiTime(nanoseconds)),
}

/** `wasi:filesystem/types@0.2` resource `descriptor`: an open file or directory. */
export class Descriptor extends DescriptorCalls {
  constructor(node: OpenNode, owner: DescriptorOwner) {
    super(node, owner, dialect)
  }

  readViaStream(offset: bigint): InputStream {
    return this.#refusing(() => {
      this.node.requireFile('read')
      this.requireRoom()
      const { files, context } = this.owner
      return new InputStream(new FileSource(this.node.another(), offset, files), context.signal)
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

  read(length: bigint, offset: bigint): Promise<[Uint8Array, boolean]> {
    return this.asked(async () => {
      const bytes = await this.node.read(length, offset)
      return [bytes, bytes.byteLength === 0]
    })
  }

  write(bytes: Uint8Array, offset: bigint): Promise<bigint> {
    return this.changing(async () => {
      await this.node.write(bytes, offset)
      return BigInt(bytes.byteLength)
    })
  }

  readDirectory(): DirectoryEntryStream {
    return this.#refusing(() => {
      this.requireRoom()
      const reader = this.owner.files.add(new DirectoryReader(this.node))
      return new DirectoryEntryStream(
        () => this.asked(() => reader.next()),
        () => this.owner.files.close(reader),
      )
    })
  }

  protected override opened(node: OpenNode): this {
    return new Descriptor(node, this.owner) as this
  }

  #output(write: (node: OpenNode, bytes: Uint8Array) => Promise<void>): OutputStream {
    return this.#refusing(() => {
      this.node.requireFile('write')
      this.requireRoom()
      const { files, context } = this.owner
      context.commit()
      const node = this.node.another()
      return new OutputStream(new FileSink(node, (bytes) => write(node, bytes), files), context.life)
    })
  }

  #refusing<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw this.failed(error)
    }
  }
}

/** `wasi:filesystem/types@0.2` resource `directory-entry-stream`. */
export class DirectoryEntryStream {
  readonly #next: () => Promise<DirectoryEntry | undefined>
  readonly #close: () => void

  constructor(next: () => Promise<DirectoryEntry | undefined>, close: () => void) {
    this.#next = next
    this.#close = close
  }

  readDirectoryEntry(): Promise<DirectoryEntry | undefined> {
    return this.#next()
  }

  [Symbol.dispose](): void {
    this.#close()
  }
}
