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
  /** Called when it is time to try again what a link could not be given. */
  readonly onRetry: () => void
}

/** A secret may be granted, or its backend come up, at any time, and nobody tells. */
const retryMs = 5_000

/** The secrets of what runs on this host. */
export class HostSecrets {
  readonly #options: HostSecretsOptions
  /** What was last logged of each secret that links wait for. */
  readonly #problems = new Map<string, string>()
  #retry: NodeJS.Timeout | undefined
  #isStopped = false
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
   * a log line: the links that need it wait, and it is tried again.
   */
  async prepareLinks(names: readonly string[], owner: SecretOwner): Promise<void> {
    const before = this.#ofLinks.get(owner.id)
    const fetched = names.map(async (name) => {
      try {
        const found = before?.get(name) ?? (await this.#fetchOne(name, owner))
        this.#problems.delete(`${owner.id} ${name}`)
        return [[name, found] as const]
      } catch (error) {
        this.#waits(owner.id, name, WeftError.from(error).message)
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

  /** Ends the retries. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#retry)
  }

  #waits(owner: string, name: string, problem: string): void {
    if (this.#isStopped) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(this.#options.onRetry, retryMs).unref()
    if (this.#problems.get(`${owner} ${name}`) === problem) return
    this.#problems.set(`${owner} ${name}`, problem)
    this.#options.log.error(`a link of ${owner} waits for a secret: ${problem}`)
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
