import type { IncomingMessage } from 'node:http'

/**
 * What a request asks for: its path with query, and of whom. A client may send a whole URI, as to a proxy; its authority
 * then counts above `Host` (RFC 9112, 3.2.2). Without either there is no authority.
 */
export function requestTarget(req: Pick<IncomingMessage, 'url' | 'headers'>): {
  readonly path: string
  readonly authority: string | undefined
} {
  const target = req.url ?? '/'
  const whole = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(target)
  if (!whole) return { path: target, authority: req.headers.host }
  const [, authority, path = ''] = whole
  return { path: path.startsWith('/') ? path : `/${path}`, authority }
}
