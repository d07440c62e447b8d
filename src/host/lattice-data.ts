import { WeftError } from '../errors.ts'
import type { Buckets, ConfigMap } from '../lattice/buckets.ts'
import type { Link } from '../lattice/link.ts'
import type { ProviderLink } from '../provider.ts'
import { isSecretName, type Secrets } from '../secret.ts'
import { DepartedLinks } from './departed-links.ts'
import type { ImportLink } from './thread-messages.ts'

/** Links and configuration of the lattice as this host has seen them so far, and resolved for who runs here. */
export class LatticeData {
  readonly #links = new Map<string, readonly Link[]>()
  readonly #departed: DepartedLinks
  readonly #configs = new Map<string, ConfigMap>()
  readonly #buckets: Buckets
  #watches: readonly { stop(): void | Promise<void> }[] = []

  private constructor(buckets: Buckets, onChange: () => void) {
    this.#buckets = buckets
    this.#departed = new DepartedLinks(onChange)
  }

  /** Reads everything there is, then follows changes; `onChange` comes after each of them. */
  static async follow(buckets: Buckets, onChange: () => void): Promise<LatticeData> {
    const data = new LatticeData(buckets, onChange)
    const specs = await buckets.watchSpecs((id, spec) => {
      data.#departed.changed(data.#links.get(id) ?? [], spec?.links ?? [])
      if (spec) data.#links.set(id, spec.links)
      else data.#links.delete(id)
      onChange()
    })
    const configs = await buckets.watchConfig((name, config) => {
      if (config) data.#configs.set(name, config)
      else data.#configs.delete(name)
      onChange()
    })
    data.#watches = [specs, configs]
    return data
  }

  async stop(): Promise<void> {
    this.#departed.stop()
    await Promise.all(this.#watches.map((watch) => watch.stop()))
  }

  /** The named configs merged left to right; a name that is not there counts as empty, a secret's reference too. */
  config(names: readonly string[]): ConfigMap {
    const own = names.filter((name) => !isSecretName(name))
    return Object.assign({}, ...own.map((name) => this.#configs.get(name) ?? {})) as ConfigMap
  }

  /** Refuses names that do not exist; secrets are looked up when they are fetched. One put a moment ago may not have come by yet: it is read, not waited for. */
  async requireConfigs(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (isSecretName(name)) continue
      if (this.#configs.has(name)) continue
      const config = await this.#buckets.readConfig(name)
      if (!config) throw new WeftError('not_found', `Config ${name} does not exist`)
      this.#configs.set(name, config)
    }
  }

  /** Where the imports of component `id` lead. */
  importLinks(id: string): readonly ImportLink[] {
    const departed = this.#departed.links.filter((link) => link.source_id === id)
    return [...importsOf(departed, 'moving'), ...importsOf(this.#links.get(id) ?? [], 'there')]
  }

  /**
   * The links that have provider `id` at either end, with their configuration. A link is put after its configuration,
   * but may come by before it: it counts when all of it is there, or a server would listen on its default address. The
   * same goes for its secrets; each end gets its own alone.
   */
  providerLinks(
    id: string,
    secretsOf: (names: readonly string[]) => Secrets | undefined,
  ): readonly ProviderLink[] {
    return this.#resolve(this.#inForce(), id, secretsOf)
  }

  /** The same for a provider process, which hears of a delete when it is made, whatever comes after. */
  processLinks(
    id: string,
    secretsOf: (names: readonly string[]) => Secrets | undefined,
  ): readonly ProviderLink[] {
    return this.#resolve([...this.#links.values()].flat(), id, secretsOf)
  }

  #resolve(
    links: readonly Link[],
    id: string,
    secretsOf: (names: readonly string[]) => Secrets | undefined,
  ): readonly ProviderLink[] {
    return links.flatMap((link) => {
      if (link.source_id !== id && link.target !== id) return []
      if (![...link.source_config, ...link.target_config].every((name) => this.#configs.has(name))) return []
      const sourceSecrets = link.source_id === id ? secretsOf(link.source_config.filter(isSecretName)) : {}
      const targetSecrets = link.target === id ? secretsOf(link.target_config.filter(isSecretName)) : {}
      if (!sourceSecrets || !targetSecrets) return []
      return {
        source: link.source_id,
        target: link.target,
        name: link.name,
        namespace: link.wit_namespace,
        package: link.wit_package,
        interfaces: link.interfaces,
        sourceConfig: this.config(link.source_config),
        targetConfig: this.config(link.target_config),
        ...(!isEmpty(sourceSecrets) && { sourceSecrets }),
        ...(!isEmpty(targetSecrets) && { targetSecrets }),
      }
    })
  }

  /** Names of the secrets that links give to the end `id`. */
  linkSecrets(id: string): readonly string[] {
    const names = this.#inForce().flatMap((link) => [
      ...(link.source_id === id ? link.source_config : []),
      ...(link.target === id ? link.target_config : []),
    ])
    return [...new Set(names.filter(isSecretName))]
  }

  /** What providers serve: also what was deleted and may come back at once. */
  #inForce(): readonly Link[] {
    return [...[...this.#links.values()].flat(), ...this.#departed.links]
  }
}

function importsOf(links: readonly Link[], state: 'there' | 'moving'): readonly ImportLink[] {
  return links.flatMap((link) =>
    link.interfaces.map((name) => ({
      name: link.name,
      interface: `${link.wit_namespace}:${link.wit_package}/${name}`,
      target: state === 'there' ? link.target : undefined,
    })),
  )
}

function isEmpty(secrets: Secrets): boolean {
  return Object.keys(secrets).length === 0
}
