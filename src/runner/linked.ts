import { WeftError } from '../errors.ts'
import type { ResolvedLink } from '../lattice/resolved-link.ts'
import type { Log } from '../log.ts'
import type { Provider, ProviderLink } from '../provider.ts'

/** What the links of a provider are handed on with. */
export interface LinkedOptions {
  readonly provider: Pick<Provider, 'putLink' | 'deleteLink' | 'moveLink'>
  /** A link from the wire, its secrets opened. */
  readonly read: (link: ResolvedLink) => ProviderLink
  readonly log: Log
  /** How long a link that was deleted may take to come back. */
  readonly graceMs?: number
}

/** The protocol retargets a link by delete and put: so long nothing is given up. Calls wait as long elsewhere. */
const defaultGraceMs = 1_000

/** Callers without a link that are remembered. */
const mostUnlinked = 1_000

/** The links of a provider in its own process: one change after the other, in the order in which they were heard. */
export class Linked {
  readonly #options: LinkedOptions
  readonly #links = new Map<string, ProviderLink>()
  /** Links that are deleted unless they are put again. */
  readonly #leaving = new Map<string, NodeJS.Timeout>()
  /** Links that the provider could not take, and why. */
  readonly #refused = new Map<string, { readonly link: ProviderLink; readonly why: string }>()
  /** Calls whose links have not come yet, and those whose links did not. */
  readonly #awaited = new Map<string, { readonly promise: Promise<void>; readonly resolve: () => void }>()
  readonly #unlinked = new Set<string>()
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor(options: LinkedOptions) {
    this.#options = options
  }

  /** Resolves when all that was heard has been done; undefined when that is so already. */
  get settled(): Promise<void> | undefined {
    return this.#waiting === 0 ? undefined : this.#last
  }

  put(resolved: ResolvedLink): void {
    this.#next(async () => {
      const link = this.#options.read(resolved)
      const before = this.#links.get(keyOf(link)) ?? this.#movingTo(link)
      if (before) this.#stays(before)
      if (before && JSON.stringify(before) === JSON.stringify(link)) return
      await this.#take(link, before)
    })
  }

  /**
   * Settles when the link that a call came along has been taken; undefined when it has. Link and call may come by different
   * ways, so a call waits a moment for its link, and one without a link is not kept twice.
   */
  takenFor(source: string, name: string): Promise<void> | undefined {
    const caller = JSON.stringify([source, name])
    const isKnown =
      this.#unlinked.has(caller) ||
      [...this.#links.values()].some((link) => link.source === source && link.name === name)
    if (isKnown) return this.settled
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = this.#awaited.get(caller) ?? { promise, resolve }
    if (!this.#awaited.has(caller)) {
      this.#awaited.set(caller, waiting)
      setTimeout(() => this.#came(caller, 'never'), this.#options.graceMs ?? defaultGraceMs).unref()
    }
    return waiting.promise
  }

  /** Deletes it when it has not been put again after a moment. */
  delete(resolved: ResolvedLink): void {
    this.#next(async () => {
      const key = keyOf(this.#options.read(resolved))
      if (this.#leaving.has(key) || !this.#links.has(key)) return
      const give = () => {
        this.#leaving.delete(key)
        this.#next(() => this.#drop(key))
      }
      this.#leaving.set(key, setTimeout(give, this.#options.graceMs ?? defaultGraceMs))
    })
  }

  /** Tries again what was refused; what is still wrong, undefined when nothing is. */
  async retry(): Promise<string | undefined> {
    if (this.#refused.size > 0)
      this.#next(async () => {
        for (const { link } of [...this.#refused.values()]) await this.#take(link, link)
      })
    await this.settled
    const reasons = [...this.#refused.values()].map(({ why }) => why)
    return reasons.length === 0 ? undefined : reasons.join('; ')
  }

  stop(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer)
  }

  /** The link that was deleted a moment ago and is `link` now, with another target. */
  #movingTo(link: ProviderLink): ProviderLink | undefined {
    const leaving = [...this.#leaving.keys()].map((key) => this.#links.get(key))
    return leaving.find((one) => one && hasSameName(one, link))
  }

  #stays(link: ProviderLink): void {
    const key = keyOf(link)
    clearTimeout(this.#leaving.get(key))
    this.#leaving.delete(key)
  }

  async #take(link: ProviderLink, before: ProviderLink | undefined): Promise<void> {
    const { provider, log } = this.#options
    const wasRefused = before !== undefined && this.#refused.delete(keyOf(before))
    if (before) this.#links.delete(keyOf(before))
    this.#links.set(keyOf(link), link)
    try {
      if (before && !wasRefused && provider.moveLink) return await provider.moveLink(before, link)
      if (before && !wasRefused) await provider.deleteLink(before)
      await provider.putLink(link)
    } catch (error) {
      const why = WeftError.from(error).message
      if (!wasRefused) log.error(`the link of ${link.source} to ${link.target} cannot work: ${why}`)
      this.#refused.set(keyOf(link), { link, why })
    } finally {
      this.#came(JSON.stringify([link.source, link.name]), 'now')
    }
  }

  #came(caller: string, when: 'now' | 'never'): void {
    const awaited = this.#awaited.get(caller)
    this.#awaited.delete(caller)
    awaited?.resolve()
    if (when === 'now') this.#unlinked.delete(caller)
    else if (awaited && this.#unlinked.size < mostUnlinked) this.#unlinked.add(caller)
  }

  async #drop(key: string): Promise<void> {
    const link = this.#links.get(key)
    this.#links.delete(key)
    if (link && !this.#refused.delete(key)) await this.#options.provider.deleteLink(link)
  }

  #next(deed: () => Promise<void>): void {
    this.#waiting += 1
    this.#last = this.#last
      .then(deed)
      .catch((error: unknown) =>
        this.#options.log.error(`a change of links failed: ${WeftError.from(error).message}`),
      )
      .finally(() => {
        this.#waiting -= 1
      })
  }
}

function keyOf({ source, target, name, namespace, package: pkg }: ProviderLink): string {
  return JSON.stringify([source, target, name, namespace, pkg])
}

function hasSameName(a: ProviderLink, b: ProviderLink): boolean {
  return a.source === b.source && a.name === b.name && a.namespace === b.namespace && a.package === b.package
}
