import { fileURLToPath } from 'node:url'
import { WeftError } from '../errors.ts'

/** A file on the host itself. */
export interface FileReference {
  readonly kind: 'file'
  readonly path: string
}

/** An artifact in an OCI registry; at least one of tag and digest is there. */
export interface ImageReference {
  readonly kind: 'image'
  /** Host, with its port when it has one, such as `ghcr.io` or `localhost:5000`. */
  readonly registry: string
  readonly repository: string
  readonly tag?: string
  /** `sha256:` and 64 hex digits; it wins over the tag. */
  readonly digest?: string
}

const scheme = /^(?:oci|https?):\/\//
const repositoryForm = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/
const tagForm = /^\w[\w.-]{0,127}$/
const digestForm = /^sha256:[a-f0-9]{64}$/
const dockerHub = 'docker.io'
const forms = 'file:///path/to/component.wasm or registry/repository:tag, such as ghcr.io/acme/hello:1.0.0'

/**
 * Reads a reference as wasmCloud does: `file:///…` is a file; `oci://r`, `http(s)://r` and bare `registry/repository`
 * with `:tag`, `@digest` or both are in a registry. Throws `invalid` with what was expected.
 */
export function parseReference(ref: string): FileReference | ImageReference {
  if (ref.startsWith('file://')) return { kind: 'file', path: pathOf(ref) }
  const name = ref.replace(scheme, '')
  if (name === ref && /^[a-z][a-z0-9+.-]*:\/\//.test(ref)) throw unreadable(ref, `expected ${forms}`)
  const [path = '', digest, ...rest] = name.split('@')
  if (rest.length > 0 || (digest !== undefined && !digestForm.test(digest)))
    throw unreadable(ref, 'expected @sha256: and 64 hex digits behind the name')
  const colon = path.lastIndexOf(':')
  const hasTag = colon > path.lastIndexOf('/')
  const tag = hasTag ? path.slice(colon + 1) : undefined
  if (tag !== undefined && !tagForm.test(tag))
    throw unreadable(ref, `its tag ${JSON.stringify(tag)} may have letters, digits, _ . and -`)
  const { registry, repository } = placeOf(ref, hasTag ? path.slice(0, colon) : path)
  return {
    kind: 'image',
    registry,
    repository,
    ...(digest !== undefined && { digest }),
    ...(tag !== undefined ? { tag } : digest === undefined && { tag: 'latest' }),
  }
}

/** The reference as registries write it, without a scheme. */
export function formatReference({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`
}

/** The first part is a registry when it looks like a host; else it is Docker Hub's. */
function placeOf(ref: string, path: string): { registry: string; repository: string } {
  const slash = path.indexOf('/')
  if (slash < 1) throw unreadable(ref, `expected ${forms}`)
  const first = path.slice(0, slash)
  const isHost = first.includes('.') || first.includes(':') || first === 'localhost'
  const repository = isHost ? path.slice(slash + 1) : path
  if (!repositoryForm.test(repository))
    throw unreadable(ref, 'a repository has lower case letters, digits, and . _ - / between them')
  return { registry: isHost ? first : dockerHub, repository }
}

function pathOf(ref: string): string {
  try {
    return fileURLToPath(ref)
  } catch (cause) {
    throw new WeftError(
      'invalid',
      `${ref} is not a file URL with an absolute path, such as file:///srv/hello.wasm`,
      { cause },
    )
  }
}

function unreadable(ref: string, why: string): WeftError {
  return new WeftError('invalid', `reference ${ref}: ${why}`)
}
