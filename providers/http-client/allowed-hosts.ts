import type { HttpRequest } from '../../src/capability/http.ts'
import { urlOf } from '../../src/capability/http-url.ts'
import { WeftError } from '../../src/errors.ts'

/**
 * Says whether a request may go where it wants to, and how: `anywhere`, or not to the host itself and its link, where
 * whoever owns an allowed name could else turn it to.
 */
export type AllowedHosts = (request: HttpRequest) => 'anywhere' | 'beyond this host' | undefined

interface Pattern {
  /** In lower case; with `*.` before it, every name under it. */
  readonly host: string
  readonly port: string | undefined
}

/** Reads `allowed_hosts` of a link; throws `invalid` with an example for what is no host. */
export function allowedHostsFrom(config: Readonly<Record<string, string>>): AllowedHosts {
  const text = config['allowed_hosts']
  if (text === undefined) return () => 'anywhere'
  const patterns = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '')
    .map(patternFrom)
  return (request) => {
    const url = urlOf(request)
    const fitting = url ? patterns.filter((pattern) => fits(url, pattern)) : []
    if (fitting.length === 0) return undefined
    return fitting.some(({ host }) => host === '*' || isThisHost(host)) ? 'anywhere' : 'beyond this host'
  }
}

/** An address is no name that could be turned: it is looked up by nobody. */
function isThisHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost')
}

function patternFrom(text: string): Pattern {
  const [, host, port] = /^(\*|(?:\*\.)?[\w.-]+|\[[\da-f:]+\])(?::(\d+))?$/i.exec(text) ?? []
  if (host === undefined)
    throw new WeftError(
      'invalid',
      `allowed_hosts has "${text}", expected a host such as api.example.com or *.example.org:8443`,
    )
  return { host: host.toLowerCase(), port }
}

function fits(url: URL, { host, port }: Pattern): boolean {
  const standard = url.protocol === 'http:' ? '80' : '443'
  if (port !== undefined && port !== (url.port || standard)) return false
  if (host === '*') return true
  const name = url.hostname.toLowerCase()
  return host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host
}
