import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'

/** `descriptor-type` of `wasi:filesystem@0.2`. */
export type FileType =
  | 'unknown'
  | 'block-device'
  | 'character-device'
  | 'directory'
  | 'fifo'
  | 'symbolic-link'
  | 'regular-file'
  | 'socket'

/** What can be said of a file without opening it; times in nanoseconds since the epoch. */
export interface FileStatus {
  readonly type: FileType
  readonly linkCount: bigint
  readonly size: bigint
  readonly accessed: bigint
  readonly modified: bigint
  readonly changed: bigint
}

export function statusFrom(stats: BigIntStats): FileStatus {
  return {
    type: typeOf(stats),
    linkCount: stats.nlink,
    size: stats.size,
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  }
}

/** The type of what `stats`, or an entry of a directory, tells of. */
export function typeOf(of: {
  isFile(): boolean
  isDirectory(): boolean
  isSymbolicLink(): boolean
  isBlockDevice(): boolean
  isCharacterDevice(): boolean
  isFIFO(): boolean
  isSocket(): boolean
}): FileType {
  if (of.isFile()) return 'regular-file'
  if (of.isDirectory()) return 'directory'
  if (of.isSymbolicLink()) return 'symbolic-link'
  if (of.isBlockDevice()) return 'block-device'
  if (of.isCharacterDevice()) return 'character-device'
  if (of.isFIFO()) return 'fifo'
  return of.isSocket() ? 'socket' : 'unknown'
}

/** 128 bits that are the same for the same file, and change when it is replaced by another. */
export function identityHash({ dev, ino }: BigIntStats): { readonly lower: bigint; readonly upper: bigint } {
  const digest = createHash('sha256').update(`${dev} ${ino}`).digest()
  return { lower: digest.readBigUInt64LE(0), upper: digest.readBigUInt64LE(8) }
}

/** `new-timestamp`, with nanoseconds since the epoch. */
export type NewTime = 'no-change' | 'now' | bigint

/** Access and modification time as Node takes them, in seconds: to the microsecond, which is what a double holds. */
export function secondsFor(
  { accessed, modified }: { readonly accessed: NewTime; readonly modified: NewTime },
  stats: BigIntStats,
): [number, number] {
  const seconds = (time: NewTime, before: bigint) =>
    time === 'now' ? Date.now() / 1000 : Number(time === 'no-change' ? before : time) / 1e9
  return [seconds(accessed, stats.atimeNs), seconds(modified, stats.mtimeNs)]
}
