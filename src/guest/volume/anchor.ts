import { close, constants, open } from 'node:fs'
import { promisify } from 'node:util'
import { FileError } from './file-error.ts'

const openFile = promisify(open)

/** Linux's O_PATH, which Node does not name: a place that can be walked from and asked about, but not read. */
const pathOnly = 0o10000000

/** Opens one directory, never through a link. */
export const asDirectory = pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** Opens whatever stands there, without touching it; a link is opened itself. */
export const asItIs = pathOnly | constants.O_NOFOLLOW

/**
 * An open file or directory. Names are looked up in it through `/proc/self/fd`, which leads to the very directory that was
 * opened, wherever it has been moved to since: that is how Node, which has no `openat`, can work beneath a directory
 * without a race. It is closed once nobody uses it any more; a path made of it must be used before it is released. It is a
 * plain descriptor, not a `FileHandle`: one of those that is forgotten ends the process.
 */
export class Anchor {
  readonly #fd: number
  #users = 1

  private constructor(fd: number) {
    this.#fd = fd
  }

  static async open(path: string, flags: number): Promise<Anchor> {
    return new Anchor(await openFile(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY))
  }

  /** Its descriptor, for what is done to the file itself. */
  get fd(): number {
    if (this.#users === 0) throw new FileError('bad-descriptor')
    return this.#fd
  }

  /** A path that leads to it. */
  get self(): string {
    return `/proc/self/fd/${this.fd}`
  }

  /** A path that leads to `name` in it; `name` is one step, without slashes. */
  at(name: string): string {
    return `${this.self}/${name}`
  }

  /** One user more: it stays open until he too has released it. */
  retain(): this {
    if (this.#users === 0) throw new FileError('bad-descriptor')
    this.#users++
    return this
  }

  release(): void {
    if (this.#users === 0) return
    this.#users--
    if (this.#users === 0) close(this.#fd, () => {})
  }

  [Symbol.dispose](): void {
    this.release()
  }
}
