import type { ComponentSpec } from '../lattice/link.ts'
import { concern } from './concerns.ts'
import type { LatticeView } from './lattice-view.ts'

/** Links and configs as the lattice's buckets have them now. */
export class LatticeContents {
  readonly #specs = new Map<string, ComponentSpec>()
  readonly #configs = new Map<string, Readonly<Record<string, string>>>()
  readonly #onChange: (concern: string) => void

  constructor(onChange: (concern: string) => void) {
    this.#onChange = onChange
  }

  setSpec(id: string, spec: ComponentSpec | undefined): void {
    if (spec) this.#specs.set(id, spec)
    else this.#specs.delete(id)
    this.#onChange(concern.linksOf(id))
  }

  setConfig(name: string, config: Readonly<Record<string, string>> | undefined): void {
    if (config) this.#configs.set(name, config)
    else this.#configs.delete(name)
    this.#onChange(concern.config(name))
  }

  view(): Pick<LatticeView, 'links' | 'configs'> {
    return { links: (id) => this.#specs.get(id)?.links ?? [], configs: this.#configs }
  }
}
