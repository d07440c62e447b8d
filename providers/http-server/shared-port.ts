import type { IncomingMessage, ServerResponse } from 'node:http'
import { WeftError } from '../../src/errors.ts'
import type { ProviderContext, ProviderLink } from '../../src/provider.ts'
import { hostFrom, pathFrom, type Routing, timeoutFrom } from './listen-options.ts'
import { type Listener, listen } from './listener.ts'
import type { Doors } from './own-ports.ts'
import { requestTarget } from './request-target.ts'
import { type Site, serveRequest } from './serve-request.ts'

type Shared = Exclude<Routing, { readonly mode: 'address' }>

/** `routing_mode: path` and `host`: one listener, and a table of where its requests go. It opens with the first link. */
export function sharedPort(context: ProviderContext, routing: Shared): Doors {
  const sites = new Map<string, Site>()
  let listener: Listener | undefined
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    const site = routing.mode === 'path' ? siteOfPath(sites, req) : siteOfHost(sites, req, routing.header)
    if (typeof site === 'object') void serveRequest(site, req, res)
    else refuse(req, res, site)
  }
  const add = (link: ProviderLink) => {
    const key = routing.mode === 'path' ? pathFrom(link.sourceConfig) : hostFrom(link.sourceConfig)
    const taken = sites.get(key)
    if (taken && taken.link.name !== link.name) throw takenError({ mode: routing.mode, key, link, taken })
    const timeoutMs = timeoutFrom(link.sourceConfig)
    remove(link)
    sites.set(key, { context, link, timeoutMs, route: routing.mode === 'path' ? key : undefined })
  }
  const remove = ({ name }: ProviderLink) => {
    for (const [key, site] of sites) if (site.link.name === name) sites.delete(key)
  }
  return {
    async open(link) {
      listener ??= await listen(routing.address, {
        context,
        purpose: `routing by ${routing.mode}`,
        onRequest: answer,
      })
      add(link)
    },
    async close(link) {
      remove(link)
      if (sites.size > 0) return
      const closing = listener
      listener = undefined
      await closing?.close()
    },
    move: async (_, after) => add(after),
    async closeAll() {
      await listener?.close()
    },
  }
}

/** Why there is no site: the status and what to tell the client. */
type Refusal = 'path not found' | 'host not found' | 'no host given'

/** The path itself, else the longest `/…/*` that it is below. */
function siteOfPath(sites: ReadonlyMap<string, Site>, req: IncomingMessage): Site | Refusal {
  const path = /^[^?#]*/.exec(requestTarget(req).path)?.[0] ?? '/'
  const exact = sites.get(path)
  if (exact) return exact
  for (let end = path.length; end >= 0; end = path.lastIndexOf('/', end - 1)) {
    const below = sites.get(`${path.slice(0, end)}/*`)
    if (below) return below
    if (end === 0) break
  }
  return 'path not found'
}

/** By the whole value, else without its port. */
function siteOfHost(sites: ReadonlyMap<string, Site>, req: IncomingMessage, header: string): Site | Refusal {
  const given = header === 'host' ? requestTarget(req).authority : req.headers[header]
  const host = (Array.isArray(given) ? given[0] : given)?.trim().toLowerCase()
  if (host === undefined || host === '') return 'no host given'
  return sites.get(host) ?? sites.get(host.replace(/:\d+$/, '')) ?? 'host not found'
}

function refuse(req: IncomingMessage, res: ServerResponse, why: Refusal): void {
  req.resume()
  res.writeHead(why === 'no host given' ? 400 : 404, { 'content-type': 'text/plain; charset=utf-8' })
  res.end(`${why}\n`)
}

function takenError(clash: {
  readonly mode: string
  readonly key: string
  readonly link: ProviderLink
  readonly taken: Site
}): WeftError {
  const { mode, key, link, taken } = clash
  return new WeftError(
    'invalid',
    `link ${link.name} to ${link.target}: ${mode} ${key} already leads to ${taken.link.target} (link ${taken.link.name})`,
  )
}
