import type { NatsConnection } from 'nats'
import type { SecretValue } from '../secret.ts'
import { Bucket } from './bucket.ts'
import type { ListedSecret } from './secrets-protocol.ts'
import { listOf, parseJson, text } from './shape.ts'
import type { Xkey } from './xkey.ts'

const namesShape = listOf(text)
/** Versions of a secret that are kept. */
const history = 64

/** Sealed secrets in one bucket, and in another, for each public key, the names of those that it may read. */
export class SecretStore {
  readonly #secrets: Bucket
  readonly #grants: Bucket
  readonly #encryption: Xkey

  private constructor(secrets: Bucket, grants: Bucket, encryption: Xkey) {
    this.#secrets = secrets
    this.#grants = grants
    this.#encryption = encryption
  }

  static async open(options: {
    readonly connection: NatsConnection
    /** The backend's name, which the second bucket is named after. */
    readonly name: string
    readonly bucket: string
    readonly encryption: Xkey
  }): Promise<SecretStore> {
    const { connection, name, bucket, encryption } = options
    const secrets = await Bucket.open(connection, bucket, { history })
    return new SecretStore(secrets, await Bucket.open(connection, `SECRETS_${name}_state`), encryption)
  }

  async mayRead(subject: string, key: string): Promise<boolean> {
    const bytes = await this.#grants.get(subject)
    return bytes !== undefined && parseJson(bytes, namesShape).includes(key)
  }

  /** A secret, in its latest version or the one of `revision`; text when its bytes are UTF-8. */
  async read(
    key: string,
    revision: number | undefined,
  ): Promise<{ readonly revision: number; readonly value: SecretValue } | undefined> {
    const entry = await this.#secrets.entry(key, revision)
    if (!entry) return undefined
    const bytes = this.#encryption.open(entry.value, this.#encryption.publicKey)
    return { revision: entry.revision, value: secretOf(bytes) }
  }

  /** Seals and stores a value; gives its revision. */
  put(key: string, value: Uint8Array): Promise<number> {
    return this.#secrets.put(key, this.#encryption.seal(value, this.#encryption.publicKey))
  }

  /** The names of all secrets, each with the public keys that may read it. */
  async list(): Promise<readonly ListedSecret[]> {
    const grants = [...(await this.#grants.entries())].map(([subject, bytes]) => ({
      subject,
      keys: new Set(parseJson(bytes, namesShape)),
    }))
    const keys = await this.#secrets.keys()
    return keys.toSorted().map((key) => ({
      key,
      readers: grants.filter((grant) => grant.keys.has(key)).map(({ subject }) => subject),
    }))
  }

  grant(subject: string, keys: readonly string[]): Promise<void> {
    return this.#change(subject, (names) => [...new Set([...names, ...keys])])
  }

  revoke(subject: string, keys: readonly string[]): Promise<void> {
    return this.#change(subject, (names) => names.filter((name) => !keys.includes(name)))
  }

  #change(subject: string, next: (names: readonly string[]) => readonly string[]): Promise<void> {
    return this.#grants.change(subject, (bytes) =>
      JSON.stringify(next(bytes === undefined ? [] : parseJson(bytes, namesShape))),
    )
  }
}

function secretOf(bytes: Uint8Array): SecretValue {
  try {
    return { tag: 'string', val: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { tag: 'bytes', val: bytes }
  }
}
