import { attributeNames as names } from './names.ts'
import type { ProtobufWriter } from './otlp-protobuf.ts'
import { TextAttribute } from './otlp-spans.ts'
import { scrubQuery } from './scrub-query.ts'
import type { AttributeValue, SpanAttributes } from './span.ts'
import type { WrittenFields } from './span-draft.ts'

const knownMethods = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '))
const methodsByTag = new Map([...knownMethods].map((method) => [method.toLowerCase(), method]))
const otherMethod = '_OTHER'
const maxTextLength = 512

/** The method for a span's name: `GET`, or `HTTP` for one that is not well known (names must stay few). */
export function httpSpanName(request: unknown): string {
  const method = methodOf(requestOf(request))
  return knownMethods.has(method) ? method : 'HTTP'
}

const targetAttributes = {
  path: new TextAttribute(names.urlPath),
  query: new TextAttribute(names.urlQuery),
  userAgent: new TextAttribute(names.userAgent),
  route: new TextAttribute(names.httpRoute),
} as const

/** What a `wrpc:http` request record asks for, as a server sees it. */
export class RequestTarget implements WrittenFields {
  readonly #path: string
  readonly #query: string
  readonly #userAgent: string
  readonly #route: string

  constructor(value: unknown, route = '') {
    const request = requestOf(value)
    const [path, query] = splitPath(request.pathWithQuery || '/')
    this.#path = path.slice(0, maxTextLength)
    this.#query = scrubQuery(query).slice(0, maxTextLength)
    this.#userAgent = userAgentOf(request)
    this.#route = route
  }

  get fields(): { readonly attributes: SpanAttributes } {
    const all = {
      [names.urlPath]: this.#path,
      [names.urlQuery]: this.#query,
      [names.userAgent]: this.#userAgent,
      [names.httpRoute]: this.#route,
    }
    return { attributes: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')) }
  }

  write(out: ProtobufWriter): void {
    targetAttributes.path.write(out, this.#path)
    targetAttributes.query.write(out, this.#query)
    targetAttributes.userAgent.write(out, this.#userAgent)
    targetAttributes.route.write(out, this.#route)
  }
}

/** Attributes of a `wrpc:http` request record, as a client sees it. */
export function clientRequestAttributes(value: unknown): SpanAttributes {
  const request = requestOf(value)
  const [path, query] = splitPath(request.pathWithQuery ?? '/')
  const address = addressOf(request)
  const full = `${schemeOf(request) ?? 'http'}://${address?.text ?? ''}${path}${query ? `?${scrubQuery(query)}` : ''}`
  const userAgent = userAgentOf(request)
  return {
    ...requestAttributes(request),
    ...(userAgent ? { [names.userAgent]: userAgent } : {}),
    [names.urlFull]: full.slice(0, maxTextLength),
  }
}

/** What `requestAttributes` are made of. */
export interface RequestKey {
  readonly method: string
  readonly scheme: string | undefined
  readonly authority: string | undefined
}

/** Undefined where method or scheme are not among few. */
export function requestKey(request: unknown): RequestKey | undefined {
  const { method, scheme, authority } = requestOf(request)
  if (!method || method.tag === 'other' || scheme?.tag === 'other') return undefined
  return { method: method.tag, scheme: scheme?.tag, authority }
}

export function isAsking(request: unknown, key: RequestKey): boolean {
  const { method, scheme, authority } = requestOf(request)
  return method?.tag === key.method && scheme?.tag === key.scheme && authority === key.authority
}

/** The attributes of a request that many others have alike: method, scheme, address. */
export function requestAttributes(value: unknown): SpanAttributes {
  const request = requestOf(value)
  const attributes: Record<string, AttributeValue> = {}
  const method = methodOf(request)
  attributes[names.httpMethod] = knownMethods.has(method) ? method : otherMethod
  if (!knownMethods.has(method)) attributes[names.httpMethodOriginal] = method.slice(0, maxTextLength)
  const scheme = schemeOf(request)
  if (scheme) attributes[names.urlScheme] = scheme
  const address = addressOf(request)
  if (address) attributes[names.serverAddress] = address.host
  if (address?.port !== undefined) attributes[names.serverPort] = address.port
  return attributes
}

/** What is asked of a request, as far as it is there. */
interface Request {
  readonly method?: Tagged | undefined
  readonly scheme?: Tagged | undefined
  readonly authority?: string | undefined
  readonly pathWithQuery?: string | undefined
  /** Where it is known without putting the headers together; '' when there is none. */
  readonly userAgent?: string
  readonly headers?: unknown
}

interface Tagged {
  readonly tag: string
  readonly val?: string
}

const noRequest: Request = {}

/** Arguments have been checked against the types of the function; of a foreign function they may be anything. */
function requestOf(value: unknown): Request {
  return isRequest(value) ? value : noRequest
}

function isRequest(value: unknown): value is Request {
  if (typeof value !== 'object' || value === null) return false
  const { method, scheme, authority, pathWithQuery } = value as Record<keyof Request, unknown>
  return isTagged(method) && isTagged(scheme) && isText(authority) && isText(pathWithQuery)
}

function isTagged(value: unknown): boolean {
  if (value === undefined) return true
  if (typeof value !== 'object' || value === null) return false
  const { tag, val } = value as Record<keyof Tagged, unknown>
  return typeof tag === 'string' && isText(val)
}

function isText(value: unknown): boolean {
  return value === undefined || typeof value === 'string'
}

function methodOf({ method }: Request): string {
  if (!method) return ''
  const { tag, val } = method
  return tag === 'other' ? (val ?? '') : (methodsByTag.get(tag) ?? tag.toUpperCase())
}

function schemeOf({ scheme }: Request): string | undefined {
  if (!scheme) return undefined
  return (scheme.tag === 'other' ? scheme.val : scheme.tag)?.toLowerCase().slice(0, maxTextLength)
}

function addressOf({
  authority,
}: Request): { text: string; host: string; port: number | undefined } | undefined {
  if (!authority) return undefined
  const text = authority.slice(authority.lastIndexOf('@') + 1).slice(0, maxTextLength)
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text)
  if (!match?.[1]) return undefined
  return {
    text,
    host: match[1].replace(/^\[|\]$/g, ''),
    port: match[2] === undefined ? undefined : Number(match[2]),
  }
}

// Asking for headers has them put together.
function userAgentOf(request: Request): string {
  const found = request.userAgent ?? headerOf(request.headers, 'user-agent')
  return found.slice(0, maxTextLength)
}

function headerOf(headers: unknown, name: string): string {
  if (!Array.isArray(headers)) return ''
  const entry: unknown = headers.find((header: unknown) => isNamed(header, name))
  const value: unknown = Array.isArray(entry) && Array.isArray(entry[1]) ? entry[1][0] : undefined
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : ''
}

function isNamed(header: unknown, name: string): boolean {
  const own: unknown = Array.isArray(header) ? header[0] : undefined
  return typeof own === 'string' && own.length === name.length && own.toLowerCase() === name
}

function splitPath(pathWithQuery: string): [path: string, query: string] {
  const mark = pathWithQuery.indexOf('?')
  return mark < 0 ? [pathWithQuery, ''] : [pathWithQuery.slice(0, mark), pathWithQuery.slice(mark + 1)]
}
