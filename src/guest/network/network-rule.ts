import { BlockList, isIP } from 'node:net'
import { addRange, kindOf } from '../../capability/address-kind.ts'
import { WeftError } from '../../errors.ts'

/** What one entry of a manifest's `network` allows. */
export interface NetworkRule {
  /** A name or pattern of names, in lower case; undefined for addresses. */
  readonly name: string | undefined
  /** `*`, for own addresses that may be listened at. */
  readonly isEverything: boolean
  /** True when the rule itself allows this address. */
  readonly coversAddress: (address: string) => boolean
  /** True when an address that a name of the rule resolved to may be used. */
  readonly coversResolved: (address: string) => boolean
  /** `*` is every port; undefined that of the scheme, for HTTP. */
  readonly port: number | '*' | undefined
}

const form = /^(?<host>\*|(?:\*\.)?[\w-][\w.-]*|\[[\da-f:.]+\])(?:\/(?<prefix>\d+))?(?::(?<port>\d+|\*))?$/i

/**
 * Reads `db.example.com:5432`, `*.example.com:443`, `10.0.0.0/8:*`, `[fd00::1]:53` or `*:443`. A name leads to what it
 * resolves to at that moment, but never to the host itself or its link, so that whoever owns the name can't turn a guest
 * on them; a pattern leads to public addresses only. An address or range in a rule is meant as it stands.
 */
export function networkRule(text: string): NetworkRule {
  const { host = '', prefix, port } = form.exec(text)?.groups ?? {}
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase()
  const version = isIP(plain)
  const isRule = host !== '' && (version !== 0 || prefix === undefined) && portIsGood(port)
  if (
    !isRule ||
    (version !== 0 && prefixTooLong(prefix, version)) ||
    (version === 0 && /^[\d.]+$/.test(plain))
  )
    throw new WeftError(
      'invalid',
      `"${text}" is no network rule, expected one such as db.example.com:5432, *.example.com:443 or 10.0.0.0/8:6379`,
    )
  const number = port === undefined || port === '*' ? port : Number(port)
  return version === 0 ? nameRule(plain, number) : addressRule(plain, prefix, number)
}

/** True when the rule's name or pattern is meant to cover this name. */
export function coversName({ name }: NetworkRule, asked: string): boolean {
  if (name === undefined) return false
  const plain = asked.toLowerCase().replace(/\.$/, '')
  if (name === '*') return true
  return name.startsWith('*.') ? plain.endsWith(name.slice(1)) : plain === name
}

/** Whether the rule allows this port. */
export function coversPort({ port: allowed }: NetworkRule, port: number): boolean {
  return allowed === '*' || allowed === port
}

function nameRule(name: string, port: NetworkRule['port']): NetworkRule {
  const isPattern = name.startsWith('*')
  const isThisHost = name === 'localhost' || name.endsWith('.localhost')
  return {
    name,
    port,
    isEverything: name === '*',
    coversAddress: (address) => name === '*' && kindOf(address) === 'public',
    coversResolved: (address) => {
      const kind = kindOf(address)
      return kind === 'public' || (kind === 'private' && !isPattern) || (kind === 'local' && isThisHost)
    },
  }
}

function addressRule(address: string, prefix: string | undefined, port: NetworkRule['port']): NetworkRule {
  const version = isIP(address)
  const list = new BlockList()
  addRange(list, `${address}/${prefix ?? (version === 4 ? 32 : 128)}`)
  const covers = (asked: string) =>
    isIP(asked) !== 0 && list.check(asked, isIP(asked) === 4 ? 'ipv4' : 'ipv6')
  return { name: undefined, port, isEverything: false, coversAddress: covers, coversResolved: covers }
}

function prefixTooLong(prefix: string | undefined, version: number): boolean {
  return prefix !== undefined && Number(prefix) > (version === 4 ? 32 : 128)
}

function portIsGood(port: string | undefined): boolean {
  return port === undefined || port === '*' || Number(port) <= 65_535
}
