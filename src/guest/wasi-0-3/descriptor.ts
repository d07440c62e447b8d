import {
  DescriptorCalls,
  type DescriptorOwner,
  type FileDialect,
  wasiTime,
} from '../volume/descriptor-calls.ts'
import { FileError, type FileErrorCode } from '../volume/file-error.ts'
import type { FileType } from '../volume/file-status.ts'
import type { OpenNode } from '../volume/open-node.ts'
import { DirectoryReader } from '../volume/read-directory.ts'
import { type GuestStream, guestBytes } from './body.ts'
import { type StreamResult, streamAndResult } from './stream-and-result.ts'

type FileResult = StreamResult<{ readonly tag: FileErrorCode }>
type StreamAnd<T> = [AsyncIterable<T>, Promise<FileResult>]

/** Read at a time. */
const pieceSize = 256n * 1024n
/** Entries of a directory given at a time. */
const mostEntries = 64

const dialect: FileDialect = {
  failure: (tag) => ({ tag }),
  type: wasiType,
  time: wasiTime,
}

/** `wasi:filesystem/types@0.3` resource `descriptor`: an open file or directory. */
export class Descriptor extends DescriptorCalls {
  constructor(node: OpenNode, owner: DescriptorOwner) {
    super(node, owner, dialect)
  }

  readViaStream(offset: bigint): StreamAnd<Uint8Array> {
    return this.#streaming((node) => {
      node.requireFile('read')
      return pieces(node, offset)
    })
  }

  writeViaStream(data: GuestStream, offset: bigint): Promise<FileResult> {
    let at = offset
    return this.#written(data, async (node, bytes) => {
      await node.write(bytes, at)
      at += BigInt(bytes.byteLength)
    })
  }

  appendViaStream(data: GuestStream): Promise<FileResult> {
    return this.#written(data, (node, bytes) => node.append(bytes))
  }

  readDirectory(): StreamAnd<readonly object[]> {
    return this.#streaming((node) => entries(node))
  }

  protected override opened(node: OpenNode): this {
    return new Descriptor(node, this.owner) as this
  }

  /** What is read goes to the guest as it takes it. */
  #streaming<T>(read: (node: OpenNode) => AsyncIterable<T>): StreamAnd<T> {
    const { files } = this.owner
    return streamAndResult(
      async function* (this: Descriptor) {
        this.requireRoom()
        const node = files.add(this.node.another())
        try {
          yield* read(node)
        } finally {
          files.close(node)
        }
      }.bind(this)(),
      refused,
    )
  }

  async #written(
    data: GuestStream,
    write: (node: OpenNode, bytes: Uint8Array) => Promise<void>,
  ): Promise<FileResult> {
    const { files, context } = this.owner
    let node: OpenNode | undefined
    try {
      this.node.requireFile('write')
      this.requireRoom()
      context.commit()
      node = files.add(this.node.another())
      for await (const bytes of guestBytes(data)) await write(node, bytes)
      return { tag: 'ok' }
    } catch (error) {
      data[Symbol.dispose]()
      return refused(error)
    } finally {
      if (node) files.close(node)
    }
  }
}

async function* pieces(node: OpenNode, offset: bigint): AsyncGenerator<Uint8Array> {
  for (let at = offset; ; ) {
    const bytes = await node.read(pieceSize, at)
    if (bytes.byteLength === 0) return
    at += BigInt(bytes.byteLength)
    yield bytes
  }
}

async function* entries(node: OpenNode): AsyncGenerator<readonly object[]> {
  const reader = new DirectoryReader(node)
  let batch: object[] = []
  try {
    for (let entry = await reader.next(); entry; entry = await reader.next()) {
      batch.push({ type: wasiType(entry.type), name: entry.name })
      if (batch.length < mostEntries) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  } finally {
    await reader.close()
  }
}

function refused(error: unknown): FileResult {
  return { tag: 'err', val: { tag: FileError.from(error).code } }
}

function wasiType(type: FileType): object {
  return type === 'unknown' ? { tag: 'other', val: undefined } : { tag: type }
}
