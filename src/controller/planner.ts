import type { Manifest } from '../manifest/manifest.ts'
import { concernsOf } from './concerns.ts'
import { type DesiredApp, desiredApp, type Workload } from './desired.ts'
import { hostChanges } from './host-changes.ts'
import type { LatticeView } from './lattice-view.ts'
import type { Made } from './made.ts'
import { Owners } from './ownership.ts'
import { type AppPlan, type KnownApp, planApp } from './plan.ts'
import type { RolloutKnowledge } from './roll-out.ts'
import { Room } from './room.ts'
import { type ScaleNote, scaled } from './scale-note.ts'

interface Entry {
  readonly known: KnownApp
  readonly desired: DesiredApp | undefined
  readonly concerns: ReadonlySet<string>
  /** Its last placement found no room or no host for something. */
  readonly isShort: boolean
}

/**
 * Plans applications, and knows which ones have to be planned again: those that are concerned by what has changed. What
 * others do costs an application nothing.
 */
export class Planner {
  readonly #entries = new Map<string, Entry>()
  readonly #concerned = new Map<string, Set<string>>()
  readonly #owners = new Owners()
  readonly #room = new Room()
  readonly #due = new Set<string>()
  /** Ids of components that follow their load, by application. */
  readonly #autoscaled = new Map<string, readonly string[]>()
  readonly #noteOf: (id: string) => ScaleNote | undefined
  #view: LatticeView = { hosts: [], links: () => [], configs: new Map() }

  constructor(noteOf: (id: string) => ScaleNote | undefined = () => undefined) {
    this.#noteOf = noteOf
  }

  /** The component or provider of a deployed application, with the number of instances that holds now. */
  find(id: string): { readonly workload: Workload; readonly app: DesiredApp } | undefined {
    const owner = this.#owners.besides('').ids.get(id)
    const desired = owner === undefined ? undefined : this.#entries.get(owner)?.desired
    const app = desired && scaled(desired, this.#noteOf)
    const workload = app?.workloads.find((one) => one.id === id)
    return app && workload ? { app, workload } : undefined
  }

  /** Deployed applications that may want the same as this one, with those that their components belong to. */
  rivals(manifest: Manifest): ReadonlyMap<string, Manifest> {
    const find = (app: string) => this.#entries.get(app)?.known.manifest
    const desired = desiredApp(manifest, find)
    const known: KnownApp = { name: manifest.name, manifest, stored: true, made: undefined }
    const refersTo = referencesOf(known)
    const concerns = concernsOf(manifest.name, { desired, made: undefined, refersTo })
    const names = new Set(refersTo)
    for (const what of concerns) for (const name of this.#concerned.get(what) ?? []) names.add(name)
    for (const name of [...names]) {
      const other = this.#entries.get(name)?.known
      if (other) for (const shared of referencesOf(other)) names.add(shared)
    }
    return new Map(
      [...names].flatMap((name) => {
        const found = find(name)
        return found ? [[name, found] as const] : []
      }),
    )
  }

  /** Ids of the components that follow their load. */
  autoscaled(): readonly string[] {
    return [...this.#autoscaled.values()].flat()
  }

  /** An application is new, has changed, or (undefined) is over and has left nothing behind. */
  put(name: string, known: KnownApp | undefined): void {
    const before = this.#entries.get(name)?.concerns ?? []
    this.#replace(name, known)
    // Whoever wants the same, or wanted it in vain until now.
    for (const what of [...before, ...(this.#entries.get(name)?.concerns ?? [])]) this.changed(what)
    if (known) this.#due.add(name)
    else this.#due.delete(name)
  }

  /** Whoever is concerned must be looked at again. */
  changed(what: string): void {
    for (const name of this.#concerned.get(what) ?? []) this.#due.add(name)
  }

  allChanged(): void {
    for (const name of this.#entries.keys()) this.#due.add(name)
  }

  /** The hosts as they are now; what links and configs are is asked when it is needed. */
  see(view: LatticeView): void {
    const changes = hostChanges(this.#view.hosts, view.hosts)
    this.#view = view
    for (const what of changes.concerns) this.changed(what)
    if (changes.everything) this.allChanged()
    else if (changes.any) for (const [name, { isShort }] of this.#entries) if (isShort) this.#due.add(name)
  }

  /** Names of applications to be planned, in order. */
  due(): readonly string[] {
    return [...this.#due].toSorted()
  }

  /** What the application lacks now; undefined when there is none of that name. */
  plan(name: string, rollouts: RolloutKnowledge): AppPlan | undefined {
    this.#due.delete(name)
    const known = this.#entries.get(name)?.known
    if (!known) return undefined
    // Another application may have come or gone that it refers to.
    this.#replace(name, known)
    const { desired } = this.#entries.get(name) ?? {}
    const others = { ownedByOthers: this.#owners.before(name), keptByOthers: this.#owners.besides(name) }
    const plan = planApp({
      known,
      desired,
      view: this.#view,
      others,
      room: this.#room,
      noteOf: this.#noteOf,
      rollouts,
    })
    const entry = this.#entries.get(name)
    if (entry) this.#entries.set(name, { ...entry, isShort: plan.isShort })
    return plan
  }

  /** What the application has made is written down as this from now on. */
  madeIs(name: string, made: Made | undefined): void {
    const known = this.#entries.get(name)?.known
    if (known && known.made !== made) this.#replace(name, { ...known, made })
  }

  #replace(name: string, known: KnownApp | undefined): void {
    const before = this.#entries.get(name)
    for (const what of before?.concerns ?? []) this.#concerned.get(what)?.delete(name)
    const desired =
      known?.manifest && desiredApp(known.manifest, (app) => this.#entries.get(app)?.known.manifest)
    const kept = new Set(desired?.workloads.map(({ id }) => id))
    for (const { id } of before?.desired?.workloads ?? []) if (!kept.has(id)) this.#room.forget(id)
    const autoscaled = desired?.workloads.filter(({ autoscaler }) => autoscaler).map(({ id }) => id) ?? []
    if (autoscaled.length > 0) this.#autoscaled.set(name, autoscaled)
    else this.#autoscaled.delete(name)
    if (desired) this.#owners.put(desired)
    else this.#owners.remove(name)
    if (!known) {
      this.#entries.delete(name)
      return
    }
    const concerns = concernsOf(name, { desired, made: known.made, refersTo: referencesOf(known) })
    this.#entries.set(name, { known, desired, concerns, isShort: before?.isShort ?? false })
    for (const what of concerns) {
      const names = this.#concerned.get(what) ?? new Set()
      this.#concerned.set(what, names.add(name))
    }
  }
}

function referencesOf({ manifest }: KnownApp): readonly string[] {
  const components = manifest?.components ?? []
  return components.flatMap(({ from }) => ('application' in from ? [from.application] : []))
}
