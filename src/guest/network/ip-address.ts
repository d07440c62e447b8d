import { isIP } from 'node:net'

export type AddressFamily = 'ipv4' | 'ipv6'

/** `ip-address` of `wasi:sockets`. */
export type IpAddress =
  | { readonly tag: 'ipv4'; readonly val: readonly number[] }
  | { readonly tag: 'ipv6'; readonly val: readonly number[] }

/** `ip-socket-address` of `wasi:sockets`. */
export type SocketAddress =
  | { readonly tag: 'ipv4'; readonly val: { readonly port: number; readonly address: readonly number[] } }
  | {
      readonly tag: 'ipv6'
      readonly val: {
        readonly port: number
        readonly flowInfo: number
        readonly address: readonly number[]
        readonly scopeId: number
      }
    }

/** An address and a port as Node has them. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** WASI's `ip-socket-address` as the host has it. */
export function endpointFrom({ val: { port, address } }: SocketAddress): Endpoint {
  return { port, address: textOfAddress(address) }
}

/** An address of the host as WASI's `ip-socket-address`. */
export function socketAddressFrom({ address, port }: Endpoint): SocketAddress {
  const ip = ipAddressFrom(address)
  return ip.tag === 'ipv4'
    ? { tag: 'ipv4', val: { port, address: ip.val } }
    : { tag: 'ipv6', val: { port, flowInfo: 0, address: ip.val, scopeId: 0 } }
}

/** `127.0.0.1` or `::1`, as numbers. */
export function ipAddressFrom(text: string): IpAddress {
  const plain = text.split('%', 1)[0] ?? ''
  if (isIP(plain) === 4) return { tag: 'ipv4', val: plain.split('.').map(Number) }
  const [head = '', tail] = withoutDots(plain).split('::')
  const groups = (part: string) => part.split(':').filter((group) => group !== '')
  const [before, after] = [groups(head), groups(tail ?? '')]
  const zeroes: string[] = new Array(Math.max(0, 8 - before.length - after.length)).fill('0')
  return { tag: 'ipv6', val: [...before, ...zeroes, ...after].map((group) => Number.parseInt(group, 16)) }
}

/** The family of an IP address in text. */
export function familyOf(address: string): AddressFamily {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** True of `0.0.0.0` and `::`, which stand for every address of the machine. */
export function isUnspecified(address: string): boolean {
  return ipAddressFrom(address).val.every((part) => part === 0)
}

function textOfAddress(parts: readonly number[]): string {
  return parts.length === 4 ? parts.join('.') : parts.map((part) => part.toString(16)).join(':')
}

/** The last four bytes of an IPv6 address may be written as IPv4. */
function withoutDots(text: string): string {
  const at = text.lastIndexOf(':')
  if (!text.includes('.')) return text
  const [a = 0, b = 0, c = 0, d = 0] = text
    .slice(at + 1)
    .split('.')
    .map(Number)
  return `${text.slice(0, at + 1)}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
}
