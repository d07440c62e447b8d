import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { largestComponent, readArtifactFile } from './artifact-file.ts'
import { BlobCache } from './blob-cache.ts'
import { type Credentials, dockerCredentials } from './credentials.ts'
import type { ArtifactKind } from './media-types.ts'
import { pullArtifact } from './pull.ts'
import { type ImageReference, parseReference } from './reference.ts'
import { Registry } from './registry.ts'

/** What a host allows of the references it is given, as wasmCloud's flags have it. */
export interface ArtifactRules {
  /** Takes images whose tag is `latest`. */
  readonly allowLatest: boolean
  /** Registries that may be spoken to over plain HTTP. */
  readonly allowedInsecure: readonly string[]
  /** Takes `file://`. */
  readonly allowFiles: boolean
  /** Bytes that a component may have. */
  readonly largestComponent: number
  /** Known from the start; `registry.put` adds to them. */
  readonly credentials: Credentials
}

/** Files and images may be used, the tag `latest` and plain HTTP not. */
export const defaultRules: ArtifactRules = Object.freeze({
  allowLatest: false,
  allowedInsecure: [],
  allowFiles: true,
  largestComponent,
  credentials: {},
})

/** Bytes behind a reference. */
export interface Artifact {
  readonly bytes: Uint8Array
  /** Digest of the image's manifest; a file has none. */
  readonly digest?: string
}

export interface ArtifactsOptions {
  readonly rules: ArtifactRules
  /** Where what was pulled is kept, by digest. */
  readonly cacheDir: string
  /** Says where Docker keeps its logins, which count when no other is known. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
}

/** Executables for several machines in one archive are larger than a component. */
const largestProvider = 1024 * 1024 * 1024
/** How long a pull may take in all. */
const pullMs = 600_000

/** Fetches the artifacts of a host. Several asks for one reference at the same time are one download. */
export class Artifacts {
  readonly #options: ArtifactsOptions
  readonly #cache: BlobCache
  readonly #running = new Map<string, Promise<Artifact>>()
  #credentials: Credentials

  constructor(options: ArtifactsOptions) {
    this.#options = options
    this.#cache = new BlobCache(options.cacheDir)
    this.#credentials = options.rules.credentials
  }

  /** Adds logins, in the place of older ones for the same registries. */
  addCredentials(credentials: Credentials): void {
    this.#credentials = { ...this.#credentials, ...credentials }
  }

  /**
   * The bytes behind a reference. `invalid` for a reference or artifact that cannot be used, `denied` for what the rules
   * or the registry refuse, `not_found`, `exhausted` when it is too large, `unavailable` when asking again may help.
   */
  fetch(ref: string, kind: ArtifactKind): Promise<Artifact> {
    const key = `${kind} ${ref}`
    const running = this.#running.get(key)
    if (running) return running
    const fetching = this.#fetch(ref, kind).finally(() => this.#running.delete(key))
    this.#running.set(key, fetching)
    return fetching
  }

  async #fetch(ref: string, kind: ArtifactKind): Promise<Artifact> {
    const { rules } = this.#options
    const reference = parseReference(ref)
    const largest = kind === 'component' ? rules.largestComponent : largestProvider
    if (reference.kind === 'image') return this.#pull(reference, kind, largest)
    if (!rules.allowFiles)
      throw new WeftError('denied', `unable to start ${kind} from file, file loading is disabled`)
    return { bytes: await readArtifactFile(ref, reference.path, largest) }
  }

  async #pull(image: ImageReference, kind: ArtifactKind, largest: number): Promise<Artifact> {
    const { rules, log } = this.#options
    const { registry, repository, tag, digest } = image
    if (tag === 'latest' && digest === undefined && !rules.allowLatest)
      throw new WeftError(
        'denied',
        `${registry}/${repository}:latest: name a version; the tag latest is refused unless the host has --allow-latest`,
      )
    const credential = this.#credentials[registry] ?? (await dockerCredentials(this.#options.env))[registry]
    return pullArtifact({
      registry: new Registry({
        image,
        access: 'pull',
        insecure: rules.allowedInsecure.includes(registry),
        credential,
      }),
      image,
      kind,
      largest,
      cache: this.#cache,
      signal: AbortSignal.timeout(pullMs),
      onStale: (error) =>
        log.warn('the registry cannot be reached; using what the tag last meant', { error: error.message }),
    })
  }
}
