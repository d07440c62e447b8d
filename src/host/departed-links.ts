import type { Link } from '../lattice/link.ts'

/** The lattice retargets a link by deleting it and putting it again: so long a deleted one may come back. */
const returnWithinMs = 1_000

interface Departed {
  readonly link: Link
  readonly timer: NodeJS.Timeout
}

/**
 * Links that were deleted a moment ago and have not been put again. Until they are, or for good gone, calls over them
 * wait, and providers keep serving them.
 */
export class DepartedLinks {
  #departed: readonly Departed[] = []
  readonly #onGone: () => void

  /** `onGone` comes when one is gone for good. */
  constructor(onGone: () => void) {
    this.#onGone = onGone
  }

  /** Each with the interfaces that have no new link yet. */
  get links(): readonly Link[] {
    return this.#departed.map(({ link }) => link)
  }

  /** Takes note of how the links of one source changed. */
  changed(before: readonly Link[], after: readonly Link[]): void {
    const still = this.#departed.flatMap((one) => {
      const link = without(one.link, after)
      if (link) return { ...one, link }
      clearTimeout(one.timer)
      return []
    })
    const gone = before.flatMap((link) => without(link, after) ?? [])
    this.#departed = [...still, ...gone.map((link) => this.#depart(link))]
  }

  stop(): void {
    for (const { timer } of this.#departed) clearTimeout(timer)
    this.#departed = []
  }

  #depart(link: Link): Departed {
    const timer = setTimeout(() => {
      this.#departed = this.#departed.filter((one) => one.timer !== timer)
      this.#onGone()
    }, returnWithinMs)
    return { link, timer }
  }
}

/** The link without the interfaces that `links` lead on under its name; undefined when none is left. */
function without(link: Link, links: readonly Link[]): Link | undefined {
  const successors = links.filter(
    (other) =>
      other.source_id === link.source_id &&
      other.name === link.name &&
      other.wit_namespace === link.wit_namespace &&
      other.wit_package === link.wit_package,
  )
  const left = link.interfaces.filter((name) => !successors.some((other) => other.interfaces.includes(name)))
  return left.length === 0 ? undefined : { ...link, interfaces: left }
}
