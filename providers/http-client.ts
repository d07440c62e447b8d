import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import type { HttpRequest, HttpResult } from '../src/capability/http.ts'
import { outgoingHandler } from '../src/capability/http-wit.ts'
import { type SendOptions, sendHttp } from '../src/capability/send-http.ts'
import { defineProvider } from '../src/provider.ts'
import { type AllowedHosts, allowedHostsFrom } from './http-client/allowed-hosts.ts'

/**
 * Sends the HTTP requests of components that are linked to it by `wasi:http/outgoing-handler`. Link target config:
 * `allowed_hosts`, what may be reached, as `api.example.com,*.example.org,10.0.0.7:8080`; without it, everything.
 */
export default defineProvider({
  name: 'http-client',
  runs: 'per-thread',
  exports: [outgoingHandler()],
  async start() {
    const linked = new Map<string, AllowedHosts>()
    const agents = { http: new Agent({ keepAlive: true }), https: new SecureAgent({ keepAlive: true }) }
    return {
      async serve(call): Promise<HttpResult> {
        const allowed = linked.get(linkKey(call.source, call.context.linkName))
        // The wire or the caller's glue has checked the arguments against the WIT type.
        const [request, options] = call.args as [HttpRequest, SendOptions | undefined]
        if (!allowed?.(request)) return { tag: 'err', val: { tag: 'HTTP-request-denied' } }
        return sendHttp(request, { call, agents, options: options ?? {} })
      },
      async putLink(link) {
        linked.set(linkKey(link.source, link.name), allowedHostsFrom(link.targetConfig))
      },
      async deleteLink(link) {
        linked.delete(linkKey(link.source, link.name))
      },
      async stop() {
        agents.http.destroy()
        agents.https.destroy()
      },
    }
  },
})

function linkKey(source: string, name: string): string {
  return `${source} ${name}`
}
