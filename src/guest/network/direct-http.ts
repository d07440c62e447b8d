import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { isIP } from 'node:net'
import type { Call } from '../../call/call.ts'
import type { HttpRequest, HttpResult } from '../../capability/http.ts'
import { urlOf } from '../../capability/http-url.ts'
import { lookupWithin } from '../../capability/lookup-within.ts'
import { type SendOptions, sendHttp } from '../../capability/send-http.ts'
import type { Network } from './network.ts'
import { coversName, coversPort, type NetworkRule } from './network-rule.ts'

/** How long a connection is kept for the next request. */
const keptMs = 30_000
/** Connections kept, over all servers. */
const mostKept = 16

/** What the guest has set, and when it gives the request up. */
interface DirectOptions extends SendOptions {
  readonly signal?: AbortSignal
}

/**
 * Sends HTTP requests of a component without a link, to servers that its manifest names. The name of a server is checked
 * when the request is made; the addresses that it resolves to when a connection is made, which then goes to one of those.
 */
export class DirectHttp {
  readonly #network: Network
  #agents: { readonly http: Agent; readonly https: SecureAgent } | undefined

  constructor(network: Network) {
    this.#network = network
  }

  /** True when the manifest names any server. */
  get isGranted(): boolean {
    return this.#network.rules('http').length > 0
  }

  /** True when it names the server of this request. */
  covers(request: HttpRequest): boolean {
    const url = this.isGranted ? urlOf(request) : undefined
    return url !== undefined && this.#rulesFor(url).length > 0
  }

  /** Answers a call of `outgoing-handler.handle`. */
  readonly send = async (call: Call): Promise<HttpResult> => {
    const [request, options] = call.args as readonly [HttpRequest, DirectOptions | undefined]
    const url = urlOf(request)
    if (!url) return refused('HTTP-request-URI-invalid')
    const rules = this.#rulesFor(url)
    if (rules.length === 0) return refused('HTTP-request-denied')
    const lookup = lookupWithin(
      (name) => this.#network.lookup(name),
      (address) => rules.some((rule) => rule.coversResolved(address)),
    )
    const signal = options?.signal ? AbortSignal.any([call.signal, options.signal]) : call.signal
    return sendHttp(request, {
      call: { ...call, signal },
      agents: this.#kept(),
      options: options ?? {},
      lookup,
    })
  }

  /** Keeps no connections any more; requests under way go on. */
  retire(): void {
    for (const agent of [this.#agents?.http, this.#agents?.https]) {
      if (!agent) continue
      agent.maxFreeSockets = 0
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy()
    }
  }

  #rulesFor(url: URL): readonly NetworkRule[] {
    return this.#network.rules('http').filter((rule) => coversServer(rule, url))
  }

  #kept() {
    const options = { keepAlive: true, maxFreeSockets: mostKept, timeout: keptMs }
    this.#agents ??= { http: new Agent(options), https: new SecureAgent(options) }
    return this.#agents
  }
}

function coversServer(rule: NetworkRule, url: URL): boolean {
  const standard = url.protocol === 'http:' ? 80 : 443
  const port = url.port === '' ? standard : Number(url.port)
  if (!coversPort(rule.port === undefined ? { ...rule, port: standard } : rule, port)) return false
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) === 0 ? coversName(rule, host) : rule.coversAddress(host)
}

function refused(tag: string): HttpResult {
  return { tag: 'err', val: { tag } }
}
