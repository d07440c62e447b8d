import { contentOf } from './config-content.ts'
import type { DesiredApp } from './desired.ts'
import { linkContent, linkIdentity } from './link-key.ts'

/** What other applications hold, by name; a second one may not take it from them, or both would fight for ever. */
export interface Ownership {
  readonly ids: Lookup<string>
  readonly configs: Lookup<Owned>
  readonly links: Lookup<Owned>
}

/** Something that an application wants, with what it is to contain. */
export interface Owned {
  readonly app: string
  readonly content: string
}

interface Lookup<T> {
  get(name: string): T | undefined
  has(name: string): boolean
}

/** Which application wants what. Where several want the same, the first by name has it. */
export class Owners {
  readonly #ids = new Claims<string>()
  readonly #configs = new Claims<Owned>()
  readonly #links = new Claims<Owned>()

  /** The application wants this now, in place of what it wanted before. */
  put(app: DesiredApp): void {
    const { name } = app
    this.remove(name)
    for (const { id } of app.workloads) this.#ids.add(id, name, name)
    for (const config of app.configs)
      if (config.properties)
        this.#configs.add(config.name, name, { app: name, content: contentOf(config.properties) })
    for (const { link } of app.links)
      this.#links.add(linkIdentity(link), name, { app: name, content: linkContent(link) })
  }

  remove(app: string): void {
    for (const claims of [this.#ids, this.#configs, this.#links]) claims.removeAll(app)
  }

  /** What applications before this one hold: it may not take that. */
  before(app: string): Ownership {
    return this.#where((other) => other < app)
  }

  /** What any other application holds: this one may not remove that. */
  besides(app: string): Ownership {
    return this.#where((other) => other !== app)
  }

  #where(counts: (app: string) => boolean): Ownership {
    const lookup = <T>(claims: Claims<T>): Lookup<T> => ({
      get: (name) => claims.first(name, counts),
      has: (name) => claims.first(name, counts) !== undefined,
    })
    return { ids: lookup(this.#ids), configs: lookup(this.#configs), links: lookup(this.#links) }
  }
}

/** Who claims a name, and with which contents. */
class Claims<T> {
  readonly #byName = new Map<string, Map<string, T>>()
  readonly #namesOf = new Map<string, string[]>()

  add(name: string, app: string, value: T): void {
    const claims = this.#byName.get(name) ?? new Map<string, T>()
    // The first of several equal names in one application counts.
    if (claims.has(app)) return
    this.#byName.set(name, claims.set(app, value))
    const names = this.#namesOf.get(app) ?? []
    names.push(name)
    this.#namesOf.set(app, names)
  }

  removeAll(app: string): void {
    for (const name of this.#namesOf.get(app) ?? []) {
      const claims = this.#byName.get(name)
      claims?.delete(app)
      if (claims?.size === 0) this.#byName.delete(name)
    }
    this.#namesOf.delete(app)
  }

  first(name: string, counts: (app: string) => boolean): T | undefined {
    const apps = [...(this.#byName.get(name)?.keys() ?? [])].filter(counts)
    const [first] = apps.toSorted()
    return first === undefined ? undefined : this.#byName.get(name)?.get(first)
  }
}
