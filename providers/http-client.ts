import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { kindOf } from '../src/capability/address-kind.ts'
import type { HttpRequest, HttpResult } from '../src/capability/http.ts'
import { outgoingHandler } from '../src/capability/http-wit.ts'
import { lookupWithin, systemLookup } from '../src/capability/lookup-within.ts'
import { type SendOptions, sendHttp } from '../src/capability/send-http.ts'
import { defineProvider } from '../src/provider.ts'
import { type AllowedHosts, allowedHostsFrom } from './http-client/allowed-hosts.ts'

/**
 * Sends the HTTP requests of components that are linked to it by `wasi:http/outgoing-handler`. Link target config:
 * `allowed_hosts`, what may be reached, as `api.example.com,*.example.org,10.0.0.7:8080`; without it, everything.
 * A name or pattern never leads to the host itself (`127.0.0.1`, `169.254.169.254`), but for `localhost` and `*`.
 */
export default defineProvider({
  name: 'http-client',
  runs: 'per-thread',
  exports: [outgoingHandler()],
  async start() {
    const linked = new Map<string, AllowedHosts>()
    const agents = { anywhere: keptAlive(), 'beyond this host': keptAlive() }
    const lookup = lookupWithin(systemLookup, (address) => kindOf(address) !== 'local')
    return {
      async serve(call): Promise<HttpResult> {
        const allowedBy = linked.get(linkKey(call.source, call.context.linkName))
        // The wire or the caller's glue has checked the arguments against the WIT type.
        const [request, options] = call.args as [HttpRequest, SendOptions | undefined]
        const allowed = allowedBy?.(request)
        if (!allowed) return { tag: 'err', val: { tag: 'HTTP-request-denied' } }
        const checked = allowed === 'anywhere' ? {} : { lookup }
        return sendHttp(request, { call, agents: agents[allowed], options: options ?? {}, ...checked })
      },
      async putLink(link) {
        linked.set(linkKey(link.source, link.name), allowedHostsFrom(link.targetConfig))
      },
      async deleteLink(link) {
        linked.delete(linkKey(link.source, link.name))
      },
      async stop() {
        for (const { http, https } of Object.values(agents)) {
          http.destroy()
          https.destroy()
        }
      },
    }
  },
})

function keptAlive() {
  return { http: new Agent({ keepAlive: true }), https: new SecureAgent({ keepAlive: true }) }
}

function linkKey(source: string, name: string): string {
  return `${source} ${name}`
}
