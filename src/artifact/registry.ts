import { WeftError } from '../errors.ts'
import type { Credential } from './credentials.ts'
import type { ImageReference } from './reference.ts'
import { formatReference } from './reference.ts'

/** One repository of a registry, opened for reading, or for writing too. */
export interface RegistryOptions {
  readonly image: ImageReference
  readonly access: 'pull' | 'push'
  /** True for plain HTTP. */
  readonly insecure: boolean
  readonly credential?: Credential | undefined
}

/** A request to a repository. `path` is what follows `/v2/{repository}/`, or a whole URL that the registry gave. */
export interface RegistryRequest {
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly signal?: AbortSignal | undefined
}

/** How long one request may take, its body included. */
const requestMs = 300_000
/** Bytes of a refusal or a token. */
const largestAnswer = 1024 * 1024

/** Docker Hub's API is on another host than its name. */
const apiHosts: Readonly<Record<string, string>> = { 'docker.io': 'registry-1.docker.io' }

/** A repository over HTTP: logs in when asked to, and turns refusals into errors that say what to do. */
export class Registry {
  readonly #options: RegistryOptions
  #authorization: string | undefined

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** The answer, when its status is 2xx or one of `accept`; everything else is thrown. */
  async send(request: RegistryRequest, accept: readonly number[] = []): Promise<Response> {
    let response = await this.#fetch(request)
    if (response.status === 401) {
      await response.body?.cancel()
      this.#authorization = await this.#logIn(response.headers.get('www-authenticate') ?? '', request.signal)
      response = await this.#fetch(request)
    }
    if (response.ok || accept.includes(response.status)) return response
    throw await this.#refusal(response)
  }

  async #fetch(request: RegistryRequest): Promise<Response> {
    const url = this.#urlOf(request.path)
    const isOwn = url.origin === this.#origin()
    return this.#reach(url, {
      method: request.method ?? 'GET',
      headers: {
        ...request.headers,
        // Some registries send uploads to a store elsewhere, which must not see the login.
        ...(isOwn && this.#authorization !== undefined && { authorization: this.#authorization }),
      },
      signal: deadlineOf(request.signal),
      ...(request.body && { body: request.body as Uint8Array<ArrayBuffer> }),
    })
  }

  async #reach(url: URL, init: RequestInit): Promise<Response> {
    try {
      return await fetch(url, init)
    } catch (cause) {
      throw init.signal?.aborted ? WeftError.from(init.signal.reason) : this.#unreachable(url, cause)
    }
  }

  #origin(): string {
    const { image, insecure } = this.#options
    const host = apiHosts[image.registry] ?? image.registry
    return `${insecure ? 'http' : 'https'}://${host}`
  }

  #urlOf(path: string): URL {
    const base = `${this.#origin()}/v2/${this.#options.image.repository}/`
    return new URL(path, base)
  }

  /** The header that answers a challenge: a token from the realm that it names, or the login itself. */
  async #logIn(challenge: string, signal: AbortSignal | undefined): Promise<string> {
    const { credential, image, access } = this.#options
    const [, kind = '', rest = ''] = /^\s*(\w+)\s*(.*)$/.exec(challenge) ?? []
    if (credential && 'token' in credential) return `Bearer ${credential.token}`
    const basic = credential && `Basic ${btoa(`${credential.username}:${credential.password}`)}`
    if (kind.toLowerCase() === 'basic' && basic) return basic
    const parameters = new Map(
      [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
    )
    const realm = parameters.get('realm') ?? ''
    if (kind.toLowerCase() !== 'bearer' || !URL.canParse(realm)) throw this.#denied('it wants a login')
    const url = new URL(realm)
    if (url.protocol !== 'https:' && !this.#options.insecure)
      throw this.#denied(`it wants the login sent to ${url.origin}, where all could read it`)
    url.searchParams.set('service', parameters.get('service') ?? '')
    const actions = access === 'push' ? 'pull,push' : 'pull'
    url.searchParams.set('scope', `repository:${image.repository}:${actions}`)
    const response = await this.#reach(url, {
      headers: basic ? { authorization: basic } : {},
      signal: deadlineOf(signal),
    })
    if (!response.ok) throw this.#denied(`its login at ${url.host} answered ${response.status}`)
    const { token, access_token } = parsed(await textOf(response)) as Record<string, unknown>
    const given = token ?? access_token
    if (typeof given !== 'string') throw this.#denied(`its login at ${url.host} gave no token`)
    return `Bearer ${given}`
  }

  async #refusal(response: Response): Promise<WeftError> {
    const { image } = this.#options
    const name = formatReference(image)
    const said = reasonIn(await textOf(response))
    if (response.status === 401 || response.status === 403)
      return this.#denied(said || String(response.status))
    if (response.status === 404)
      return new WeftError('not_found', `${name}: registry ${image.registry} has no such artifact`)
    if (response.status === 429)
      return new WeftError(
        'unavailable',
        `${name}: registry ${image.registry} limits requests: try again later`,
      )
    return new WeftError(
      'unavailable',
      `${name}: registry ${image.registry} answered ${response.status} ${said}`,
    )
  }

  #denied(why: string): WeftError {
    const { image, credential } = this.#options
    const known = credential
      ? `the login known for ${image.registry} does not do`
      : 'no login is known for it'
    const hint = `log in with docker login ${image.registry}, or give --oci-user and --oci-password`
    return new WeftError(
      'denied',
      `${formatReference(image)}: registry ${image.registry} refuses: ${why}; ${known}: ${hint}`,
    )
  }

  #unreachable(url: URL, thrown: unknown): WeftError {
    const { image, insecure } = this.#options
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
    const text = cause instanceof Error ? cause.message || cause.name : String(cause)
    const isPlain = !insecure && /wrong version number|packet length too long|EPROTO/i.test(text)
    const hint = isPlain ? `: it speaks plain HTTP; allow that with --allowed-insecure ${image.registry}` : ''
    const short = isPlain ? 'no TLS there' : text
    return new WeftError(
      'unavailable',
      `${formatReference(image)}: cannot reach ${url.origin} (${short})${hint}`,
      { cause: thrown },
    )
  }
}

/** A body of at most `largest` bytes; undefined, and not read on, when it is larger: a little gzip may become gigabytes. */
export async function bodyOf(response: Response, largest: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > largest) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What a registry says of a refusal or a login; '' when it cannot be read or is no such thing. */
async function textOf(response: Response): Promise<string> {
  const bytes = await bodyOf(response, largestAnswer).catch(() => undefined)
  return new TextDecoder().decode(bytes)
}

function parsed(text: string): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** Ends a request that its caller gave up, or that takes too long. */
function deadlineOf(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(requestMs)
  return signal ? AbortSignal.any([signal, limit]) : limit
}

/** The registry's own words, from the error list of the distribution protocol. */
function reasonIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: readonly { code?: string; message?: string }[] }
    return (errors ?? [])
      .map(({ code, message }) => message ?? code ?? '')
      .join(', ')
      .slice(0, 300)
  } catch {
    return ''
  }
}
