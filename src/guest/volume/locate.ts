import { readlink } from 'node:fs/promises'
import { Anchor, asDirectory } from './anchor.ts'
import { errnoOf, FileError } from './file-error.ts'

/** Linux's PATH_MAX: no path that a program can use is longer. */
const longestPath = 4096
/** Links that may be on the way, as on Linux. */
const mostLinks = 40
/** Directories that may be open at once on the way. */
const deepest = 128

/** Where a path leads: a name in an open directory, or the directory itself (`.`). Dispose of it after use. */
export class Place {
  readonly directory: Anchor
  /** One step: no slash, no `..`, and no link is followed when it is used with care. */
  readonly name: string
  /** The path ended in a slash. */
  readonly mustBeDirectory: boolean

  constructor(directory: Anchor, name: string, mustBeDirectory: boolean) {
    this.directory = directory
    this.name = name
    this.mustBeDirectory = mustBeDirectory
  }

  get path(): string {
    return this.directory.at(this.name)
  }

  [Symbol.dispose](): void {
    this.directory.release()
  }
}

/**
 * Walks `path` from `base` one step at a time and never leaves it: each step is opened as a directory without following
 * links, links are read and walked like the rest, `..` goes back to a directory that was come through. What others do to
 * the tree meanwhile can make it fail, not escape. The last step is not opened; `last` says whether a link there is
 * followed.
 */
export async function locate(base: Anchor, path: string, last: 'followed' | 'itself'): Promise<Place> {
  const walk = new Walk(base)
  try {
    return await walk.along(path, last)
  } catch (error) {
    walk.end()
    throw FileError.from(error)
  }
}

class Walk {
  readonly #come: Anchor[]
  readonly #ahead: string[] = []
  #links = 0
  #mustBeDirectory = false

  constructor(base: Anchor) {
    this.#come = [base.retain()]
  }

  async along(path: string, last: 'followed' | 'itself'): Promise<Place> {
    if (path === '') throw new FileError('no-entry')
    this.#plan(path)
    for (let step = this.#ahead.pop(); step !== undefined; step = this.#ahead.pop()) {
      const isLast = this.#ahead.length === 0
      if (step === '..') this.#back()
      else if (isLast && last === 'itself') return this.#arrive(step)
      else if (isLast) {
        const target = await this.#linkTarget(step)
        if (target === undefined) return this.#arrive(step)
        this.#follow(target)
      } else await this.#enter(step)
    }
    return this.#arrive('.')
  }

  end(): void {
    for (const directory of this.#come.splice(0)) directory.release()
  }

  get #here(): Anchor {
    const here = this.#come.at(-1)
    if (!here) throw new FileError('not-permitted')
    return here
  }

  #plan(path: string): void {
    if (path.startsWith('/')) throw new FileError('not-permitted')
    if (path.includes('\0')) throw new FileError('invalid')
    if (Buffer.byteLength(path) > longestPath) throw new FileError('name-too-long')
    const steps = path.split('/').filter((step) => step !== '' && step !== '.')
    if (this.#ahead.length === 0) this.#mustBeDirectory ||= /(?:^|\/)\.?$/.test(path)
    this.#ahead.push(...steps.reverse())
  }

  #back(): void {
    if (this.#come.length === 1) throw new FileError('not-permitted')
    this.#come.pop()?.release()
  }

  async #enter(step: string): Promise<void> {
    if (this.#come.length === deepest) throw new FileError('name-too-long')
    try {
      this.#come.push(await Anchor.open(this.#here.at(step), asDirectory))
    } catch (error) {
      const target = errnoOf(error) === 'ENOTDIR' ? await this.#linkTarget(step) : undefined
      if (target === undefined) throw error
      this.#follow(target)
    }
  }

  #follow(target: string): void {
    this.#links++
    if (this.#links > mostLinks) throw new FileError('loop')
    this.#plan(target)
  }

  /** Where the link `step` points to; undefined when it is none, or is not there. */
  async #linkTarget(step: string): Promise<string | undefined> {
    try {
      return textFrom(await readlink(this.#here.at(step), 'buffer'))
    } catch (error) {
      const errno = errnoOf(error)
      if (errno === 'EINVAL' || errno === 'ENOENT') return undefined
      throw error
    }
  }

  #arrive(name: string): Place {
    const directory = this.#here.retain()
    this.end()
    return new Place(directory, name, this.#mustBeDirectory)
  }
}

/** A name of the file system, which may be any bytes, as a guest can take it: as UTF-8. */
export function textFrom(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new FileError('illegal-byte-sequence', { cause })
  }
}
