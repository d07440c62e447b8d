import { link, lstat, lutimes, mkdir, readlink, rename, rmdir, symlink, unlink } from 'node:fs/promises'
import { FileError } from './file-error.ts'
import { type FileStatus, identityHash, type NewTime, secondsFor, statusFrom } from './file-status.ts'
import { locate, type Place, textFrom } from './locate.ts'
import type { OpenNode } from './open-node.ts'

/** A path beneath an open directory. */
export interface Beneath {
  readonly base: OpenNode
  readonly path: string
}

/** A path whose last step may be a link. */
export interface MaybeLink extends Beneath {
  /** True asks for what the link leads to. */
  readonly follow: boolean
}

export function statusAt(where: MaybeLink): Promise<FileStatus> {
  return known(where, async (place) => statusFrom(await statsOf(place)))
}

export function hashAt(where: MaybeLink): Promise<{ readonly lower: bigint; readonly upper: bigint }> {
  return known(where, async (place) => identityHash(await statsOf(place)))
}

export async function setTimesAt(
  where: MaybeLink,
  times: { readonly accessed: NewTime; readonly modified: NewTime },
): Promise<void> {
  where.base.requireMutable()
  return known(where, async (place) => {
    const [accessed, modified] = secondsFor(times, await statsOf(place))
    await lutimes(place.path, accessed, modified)
  })
}

export async function createDirectoryAt(where: Beneath): Promise<void> {
  return changed(where, (place) => mkdir(place.path))
}

export async function removeDirectoryAt(where: Beneath): Promise<void> {
  return changed(where, (place) => rmdir(place.path))
}

export async function unlinkFileAt(where: Beneath): Promise<void> {
  return changed(where, async (place) => {
    if (place.mustBeDirectory) await statsOf(place)
    await unlink(place.path)
  })
}

export async function renameAt(from: Beneath, to: Beneath): Promise<void> {
  return changed(from, (old) => changed(to, (made) => rename(slashed(old), slashed(made))))
}

/** A second name for a file. Both ends must be in volumes that may be changed: a name is a way to write. */
export async function linkAt(from: MaybeLink, to: Beneath): Promise<void> {
  if (from.follow) throw new FileError('invalid')
  return changed(from, (old) => changed(to, (made) => link(onlyName(old), onlyName(made))))
}

export async function symlinkAt(target: string, where: Beneath): Promise<void> {
  if (target.startsWith('/')) throw new FileError('not-permitted')
  if (target.includes('\0')) throw new FileError('invalid')
  return changed(where, (place) => symlink(target, onlyName(place)))
}

export function readlinkAt(where: Beneath): Promise<string> {
  return at(where, 'itself', async (place) => {
    const target = textFrom(await readlink(place.path, 'buffer'))
    if (target.startsWith('/')) throw new FileError('not-permitted')
    return target
  })
}

function known<T>(where: MaybeLink, work: (place: Place) => Promise<T>): Promise<T> {
  return at(where, where.follow || where.path.endsWith('/') ? 'followed' : 'itself', work)
}

async function changed<T>(where: Beneath, work: (place: Place) => Promise<T>): Promise<T> {
  where.base.requireMutable()
  return at(where, 'itself', work)
}

async function at<T>(
  { base, path }: Beneath,
  last: 'followed' | 'itself',
  work: (place: Place) => Promise<T>,
): Promise<T> {
  using place = await locate(base.directory(), path, last)
  try {
    return await work(place)
  } catch (error) {
    throw FileError.from(error)
  }
}

async function statsOf(place: Place) {
  const stats = await lstat(place.path, { bigint: true })
  if (place.mustBeDirectory && !stats.isDirectory()) throw new FileError('not-directory')
  return stats
}

/** With its slash, by which the system itself sees to it that it is a directory; renaming follows no link. */
function slashed({ path, mustBeDirectory }: Place): string {
  return mustBeDirectory ? `${path}/` : path
}

function onlyName({ path, mustBeDirectory }: Place): string {
  if (mustBeDirectory) throw new FileError('no-entry')
  return path
}
