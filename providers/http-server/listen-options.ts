import { WeftError } from '../../src/errors.ts'
import type { Address } from './listener.ts'

type Config = Readonly<Record<string, string>>

const defaultAddress = '0.0.0.0:8000'
const defaultTimeoutMs = 30_000

/** Where a link with a port of its own listens: `address`, or `port` on all interfaces. */
export function addressFrom(config: Config): Address {
  const values = withoutCase(config)
  return parseAddress('address', values.get('address') ?? `0.0.0.0:${values.get('port') ?? '8000'}`)
}

/** `timeout_ms` of a link; errors name the key, the rule and the value, here and below. */
export function timeoutFrom(config: Config): number {
  const timeout = withoutCase(config).get('timeout_ms')
  if (timeout === undefined) return defaultTimeoutMs
  if (/^[1-9]\d{0,9}$/.test(timeout)) return Number(timeout)
  throw new WeftError(
    'invalid',
    `link config \`timeout_ms\`: expected milliseconds such as 30000, got ${JSON.stringify(timeout)}`,
  )
}

/** How the provider tells its links apart: each by its own address, or all on one by path or by host. */
export type Routing =
  | { readonly mode: 'address' }
  | { readonly mode: 'path'; readonly address: Address }
  | { readonly mode: 'host'; readonly address: Address; readonly header: string }

/** Reads the provider's own config (wasmCloud's `routing_mode`, `default_address` and `header`). */
export function routingFrom(config: Config): Routing {
  const values = withoutCase(config)
  const mode = values.get('routing_mode') ?? 'address'
  if (mode === 'address') return { mode }
  const address = parseAddress('default_address', values.get('default_address') ?? defaultAddress)
  if (mode === 'path') return { mode, address }
  if (mode === 'host') return { mode, address, header: (values.get('header') ?? 'host').toLowerCase() }
  throw new WeftError(
    'invalid',
    `provider config \`routing_mode\`: expected address, path or host, got ${JSON.stringify(mode)}`,
  )
}

/** The `path` of a link: begins with a slash; `/api/*` takes in all that is below. */
export function pathFrom(config: Config): string {
  const path = withoutCase(config).get('path') ?? ''
  if (/^\/[^\s?#*]*$/.test(path) || /^\/([^\s?#*]*\/)?\*$/.test(path)) return path
  throw new WeftError(
    'invalid',
    `link config \`path\`: the provider routes by path; expected one such as /orders or /orders/*, got ${JSON.stringify(path)}`,
  )
}

/** The `host` of a link, in lower case. */
export function hostFrom(config: Config): string {
  const host = withoutCase(config).get('host') ?? ''
  if (/^[^\s/]+$/.test(host)) return host.toLowerCase()
  throw new WeftError(
    'invalid',
    `link config \`host\`: the provider routes by host; expected one such as shop.example.com, got ${JSON.stringify(host)}`,
  )
}

function withoutCase(config: Config): ReadonlyMap<string, string> {
  return new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), value]))
}

function parseAddress(key: string, address: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match && port <= 65_535) return { host: match[1] ?? match[2] ?? '', port }
  throw new WeftError(
    'invalid',
    `${key === 'address' ? 'link' : 'provider'} config \`${key}\`: expected host:port such as 127.0.0.1:8000, got ${JSON.stringify(address)}`,
  )
}
