import { lookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'

/** The addresses that a name has now. */
export type Lookup = (name: string) => Promise<readonly string[]>

/** As the host's own resolver has them. */
export const systemLookup: Lookup = async (name) => {
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

/**
 * A lookup for connections that may go to some addresses only: whoever owns a name decides where it leads, and may change
 * it between a check and the connection. So the check is made here, and what is connected to is what was checked. `problem`
 * is what is said of a name without a usable address.
 */
export function lookupWithin(
  resolve: Lookup,
  isUsable: (address: string) => boolean,
  problem = 'leads to addresses that it may not lead to',
): LookupFunction {
  return (name, { all }, answer) => {
    resolve(name).then(
      (found) => {
        const usable = found.filter(isUsable).map((address) => ({ address, family: isIP(address) }))
        const [first] = usable
        if (!first) answer(prohibited(`${name} ${problem}`), '')
        else if (all) answer(null, usable)
        else answer(null, first.address, first.family)
      },
      (error: Error) => answer(error.cause instanceof Error ? error.cause : error, ''),
    )
  }
}

function prohibited(message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { wasiCode: 'destination-IP-prohibited' })
}
