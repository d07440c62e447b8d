import { field, stringField } from './field.ts'
import { attributeNames as names } from './names.ts'
import { scrubQuery } from './scrub-query.ts'
import type { AttributeValue, SpanAttributes } from './span.ts'

const knownMethods = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY'.split(' '))
const methodsByTag = new Map([...knownMethods].map((method) => [method.toLowerCase(), method]))
const otherMethod = '_OTHER'
const maxTextLength = 512

/** The method for a span's name: `GET`, or `HTTP` for one that is not well known (names must stay few). */
export function httpSpanName(request: unknown): string {
  const method = methodOf(request)
  return knownMethods.has(method) ? method : 'HTTP'
}

/** Attributes of a `wrpc:http` request record that say what it asks for, as a server sees it. */
export function serverTargetAttributes(request: unknown, route?: string): SpanAttributes {
  const attributes: Record<string, AttributeValue> = {}
  const [path, query] = splitPath(stringField(request, 'pathWithQuery') ?? '/')
  attributes[names.urlPath] = path.slice(0, maxTextLength)
  if (query) attributes[names.urlQuery] = scrubQuery(query).slice(0, maxTextLength)
  const userAgent = headerOf(request, 'user-agent')
  if (userAgent) attributes[names.userAgent] = userAgent.slice(0, maxTextLength)
  if (route !== undefined) attributes[names.httpRoute] = route
  return attributes
}

/** Attributes of a `wrpc:http` request record, as a client sees it. */
export function clientRequestAttributes(request: unknown): SpanAttributes {
  const [path, query] = splitPath(stringField(request, 'pathWithQuery') ?? '/')
  const address = addressOf(request)
  const full = `${schemeOf(request) ?? 'http'}://${address?.text ?? ''}${path}${query ? `?${scrubQuery(query)}` : ''}`
  const userAgent = headerOf(request, 'user-agent')
  return {
    ...requestAttributes(request),
    ...(userAgent ? { [names.userAgent]: userAgent.slice(0, maxTextLength) } : {}),
    [names.urlFull]: full.slice(0, maxTextLength),
  }
}

/** The status of a `wrpc:http` response record; undefined when it is none. */
export function responseStatus(response: unknown): number | undefined {
  const status = field(response, 'status')
  return typeof status === 'number' ? status : undefined
}

/** Requests with the same key have the same `requestAttributes`; undefined where these are not among few. */
export function requestKey(request: unknown): string | undefined {
  const method = stringField(field(request, 'method'), 'tag')
  const scheme = stringField(field(request, 'scheme'), 'tag')
  return method === 'other' || scheme === 'other'
    ? undefined
    : `${method} ${scheme} ${stringField(request, 'authority')}`
}

/** The attributes of a request that many others have alike: method, scheme, address. */
export function requestAttributes(request: unknown): SpanAttributes {
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

function methodOf(request: unknown): string {
  const method = field(request, 'method')
  const tag = stringField(method, 'tag') ?? ''
  return tag === 'other' ? (stringField(method, 'val') ?? '') : (methodsByTag.get(tag) ?? tag.toUpperCase())
}

function schemeOf(request: unknown): string | undefined {
  const scheme = field(request, 'scheme')
  const tag = stringField(scheme, 'tag')
  return (tag === 'other' ? stringField(scheme, 'val') : tag)?.toLowerCase().slice(0, maxTextLength)
}

function addressOf(request: unknown): { text: string; host: string; port: number | undefined } | undefined {
  const authority = stringField(request, 'authority')
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

function headerOf(request: unknown, name: string): string | undefined {
  const headers = field(request, 'headers')
  if (!Array.isArray(headers)) return undefined
  const entry: unknown = headers.find((header: unknown) => isNamed(header, name))
  const value: unknown = Array.isArray(entry) && Array.isArray(entry[1]) ? entry[1][0] : undefined
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined
}

function isNamed(header: unknown, name: string): boolean {
  const own: unknown = Array.isArray(header) ? header[0] : undefined
  return typeof own === 'string' && own.length === name.length && own.toLowerCase() === name
}

function splitPath(pathWithQuery: string): [path: string, query: string] {
  const mark = pathWithQuery.indexOf('?')
  return mark < 0 ? [pathWithQuery, ''] : [pathWithQuery.slice(0, mark), pathWithQuery.slice(mark + 1)]
}
