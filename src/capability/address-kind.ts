import { BlockList, isIP } from 'node:net'

/** Where an address leads: out into the world, into a private network, or to the host itself and what only it sees. */
export type AddressKind = 'public' | 'private' | 'local'

const lists = {
  // This host, link-local (where clouds keep their metadata services), multicast, and ways to write other addresses.
  local: [
    '0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.0.0.0/24 224.0.0.0/4 240.0.0.0/4',
    '::/127 fe80::/10 fec0::/10 ff00::/8 64:ff9b::/96 64:ff9b:1::/48 2002::/16 2001::/32',
  ],
  private: ['10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 198.18.0.0/15', 'fc00::/7'],
} as const

const local = blockListOf(lists.local)
const internal = blockListOf(lists.private)

/** The kind of an address; one that is none counts as local, where least is allowed. */
export function kindOf(address: string): AddressKind {
  const family = isIP(address)
  if (family === 0) return 'local'
  const type = family === 4 ? 'ipv4' : 'ipv6'
  // A list knows IPv4 addresses in their IPv6 form, too.
  if (local.check(address, type)) return 'local'
  return internal.check(address, type) ? 'private' : 'public'
}

/** The addresses within `10.0.0.0/8` or `fd00::/8`. */
export function addRange(list: BlockList, range: string): void {
  const [address = '', prefix = ''] = range.split('/')
  list.addSubnet(address, Number(prefix), address.includes(':') ? 'ipv6' : 'ipv4')
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges.flatMap((line) => line.split(' '))) addRange(list, range)
  return list
}
