import { WeftError } from '../errors.ts'
import type { Buckets } from '../lattice/buckets.ts'
import type { SecretsClient } from '../lattice/secrets-client.ts'
import { type SecretReference, secretReferenceShape } from '../lattice/secrets-protocol.ts'
import type { Log } from '../log.ts'
import { isSecretName, type Secrets, type SecretValue } from '../secret.ts'

/** A component or provider for which secrets are fetched. */
export interface SecretOwner {
  readonly id: string
  /** Its signed claims; without them no backend gives anything. */
  readonly jwt: string | undefined
  readonly application?: string | undefined
}

export interface HostSecretsOptions {
  /** Undefined on a host that asks no backend. */
  readonly client: SecretsClient | undefined
  readonly buckets: Pick<Buckets, 'readConfig'>
  readonly log: Log
}

/** The secrets of what runs on this host. */
export class HostSecrets {
  readonly #options: HostSecretsOptions
  /** Of links, by provider and the name of the reference. */
  readonly #ofLinks = new Map<string, Map<string, readonly [name: string, value: SecretValue]>>()

  constructor(options: HostSecretsOptions) {
    this.#options = options
  }

  /** The secrets among config names, by what their references call them. Each call asks the backends anew. */
  async fetch(names: readonly string[], owner: SecretOwner): Promise<Secrets> {
    const wanted = names.filter(isSecretName)
    return Object.fromEntries(await Promise.all(wanted.map((name) => this.#fetchOne(name, owner))))
  }

  /**
   * Fetches what a provider's links name and is not here yet, and forgets what they name no more. What cannot be had is
   * a log line: the links that need it wait, and the next change tries again.
   */
  async prepareLinks(names: readonly string[], owner: SecretOwner): Promise<void> {
    const before = this.#ofLinks.get(owner.id)
    const fetched = names.map(async (name) => {
      try {
        return [[name, before?.get(name) ?? (await this.#fetchOne(name, owner))] as const]
      } catch (error) {
        const message = WeftError.from(error).message
        this.#options.log.error(`a link of ${owner.id} waits for a secret: ${message}`)
        return []
      }
    })
    this.#ofLinks.set(owner.id, new Map((await Promise.all(fetched)).flat()))
  }

  /** What `prepareLinks` has fetched of these names; undefined when one is missing. */
  ofLinks(provider: string, names: readonly string[]): Secrets | undefined {
    const entries = names.map((name) => this.#ofLinks.get(provider)?.get(name))
    return entries.every((entry) => entry !== undefined) ? Object.fromEntries(entries) : undefined
  }

  async #fetchOne(name: string, owner: SecretOwner): Promise<readonly [string, SecretValue]> {
    const { client } = this.#options
    const reference = await this.#reference(name)
    if (!client)
      throw new WeftError(
        'invalid',
        `${owner.id} needs the secret ${reference.name}: start the host with --secrets-topic`,
      )
    if (owner.jwt === undefined)
      throw new WeftError(
        'denied',
        `${owner.id} needs the secret ${reference.name}, but is not signed, and backends know whom they give to by its signature: sign it with \`weft sign\``,
      )
    const entity = { jwt: owner.jwt, application: owner.application }
    return [reference.name, await client.fetch(reference, entity)]
  }

  async #reference(name: string): Promise<SecretReference> {
    const entry = await this.#options.buckets.readConfig(name)
    if (!entry) throw new WeftError('not_found', `Secret reference ${name} not found in config store`)
    try {
      return secretReferenceShape(entry, '')
    } catch (cause) {
      throw new WeftError('invalid', `${name} is no secret reference: ${WeftError.from(cause).message}`, {
        cause,
      })
    }
  }
}
