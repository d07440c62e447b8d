import { constants, fstat } from 'node:fs'
import { promisify } from 'node:util'
import { Anchor, asDirectory, asItIs } from './anchor.ts'
import { errnoOf, FileError } from './file-error.ts'
import { locate, type Place } from './locate.ts'
import { type OpenFor, OpenNode } from './open-node.ts'

const statOf = promisify(fstat)

/** What a guest asks to be opened, and how. */
export interface OpenRequest extends OpenFor {
  readonly path: string
  readonly follow: boolean
  readonly create: boolean
  readonly directory: boolean
  readonly exclusive: boolean
  readonly truncate: boolean
  /** Writes are on the disk when they are done: `file` with, `data` without what is known about the file. */
  readonly sync: 'file' | 'data' | 'none'
}

/** Somebody else may put a file there and take it away again, but hardly so often. */
const mostTries = 8

/** Opens a file or directory beneath `base`: nothing but these two kinds, for opening a pipe or a device does things. */
export async function openAt(base: OpenNode, request: OpenRequest): Promise<OpenNode> {
  if (request.write || request.create || request.truncate) base.requireMutable()
  if (request.directory && (request.create || request.exclusive || request.truncate))
    throw new FileError('invalid')
  const isFollowed = (request.follow || request.path.endsWith('/')) && !(request.create && request.exclusive)
  using place = await locate(base.directory(), request.path, isFollowed ? 'followed' : 'itself')
  try {
    for (let tries = 1; ; tries++) {
      const opened = (await openThere(base, place, request)) ?? (await create(base, place, request))
      if (opened) return opened
      if (tries === mostTries) throw new FileError('busy')
    }
  } catch (error) {
    throw FileError.from(error)
  }
}

/** Opens what stands there; undefined when nothing does. */
async function openThere(base: OpenNode, place: Place, request: OpenRequest): Promise<OpenNode | undefined> {
  const found = await anchored(place, request.create)
  if (!found) return undefined
  using anchor = found
  const stats = await statOf(anchor.fd)
  if (stats.isSymbolicLink()) throw new FileError(request.exclusive ? 'exist' : 'loop')
  if (request.exclusive) throw new FileError('exist')
  const { access } = base
  if (stats.isDirectory()) {
    if (request.write || request.truncate || request.create) throw new FileError('is-directory')
    return new OpenNode({
      anchor: anchor.retain(),
      type: 'directory',
      access,
      read: request.read,
      write: false,
    })
  }
  if (request.directory || place.mustBeDirectory) throw new FileError('not-directory')
  if (!stats.isFile()) throw new FileError('not-permitted')
  const flags = accessFlags(request) | (request.truncate ? constants.O_TRUNC : 0)
  // Not by its name again, where another one may stand by now.
  return fileNode(base, await Anchor.open(anchor.self, flags), request)
}

async function anchored(place: Place, mayBeMissing: boolean): Promise<Anchor | undefined> {
  try {
    return await Anchor.open(place.path, place.mustBeDirectory ? asDirectory : asItIs)
  } catch (error) {
    if (mayBeMissing && errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Makes the file; undefined when one stands there meanwhile. */
async function create(base: OpenNode, place: Place, request: OpenRequest): Promise<OpenNode | undefined> {
  if (place.mustBeDirectory) throw new FileError('is-directory')
  const flags = accessFlags(request) | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  try {
    return fileNode(base, await Anchor.open(place.path, flags), request)
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && !request.exclusive) return undefined
    throw error
  }
}

function fileNode(base: OpenNode, anchor: Anchor, { read, write }: OpenFor): OpenNode {
  return new OpenNode({ anchor, type: 'regular-file', access: base.access, read, write })
}

function accessFlags({ read, write, truncate, sync }: OpenRequest): number {
  const mode = write || truncate ? (read ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY
  const synced = sync === 'file' ? constants.O_SYNC : sync === 'data' ? constants.O_DSYNC : 0
  return mode | synced
}
