import type { HttpRequest } from './http.ts'

/** Where a request goes; undefined when that is no URL. */
export function urlOf({ scheme, authority, pathWithQuery }: HttpRequest): URL | undefined {
  const name = scheme?.tag === 'HTTP' ? 'http' : 'https'
  if (scheme?.tag === 'other' || authority === undefined) return undefined
  const text = `${name}://${authority}${pathWithQuery ?? '/'}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  // An authority may hide another one behind a slash or a user.
  return url.username === '' && url.password === '' && !/[/\\?#]/.test(authority) ? url : undefined
}
