import { BlockList, isIP } from 'node:net'
import { addRange } from './address-kind.ts'

/**
 * Link-local addresses, in every form that they can be written in, and the addresses beyond those at which clouds tell
 * who asks the secrets of the machine.
 */
const ranges = [
  '169.254.0.0/16', // RFC 3927
  'fe80::/10', // RFC 4291
  '64:ff9b::a9fe:0/112', // the same through NAT64, RFC 6052
  '2002:a9fe::/32', // and through 6to4, RFC 3056
  'fd00:ec2::254/128', // AWS
  'fd20:ce::254/128', // Google
  '100.100.100.200/32', // Alibaba
  '168.63.129.16/32', // Azure
  '192.0.0.192/32', // Oracle
]

const list = new BlockList()
for (const range of ranges) addRange(list, range)

/** True for an address that only this machine's link or cloud answers at, with what is none of a manifest author's. */
export function isLinkLocal(address: string): boolean {
  const family = isIP(address)
  // A list knows IPv4 addresses in their IPv6 form, too.
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** True for a URL that names such an address itself; where a name leads shows when it is looked up. */
export function leadsToLinkLocal(url: string): boolean {
  return URL.canParse(url) && isLinkLocal(new URL(url).hostname.replace(/^\[|\]$/g, ''))
}
