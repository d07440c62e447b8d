import { isIP } from 'node:net'
import { kindOf } from '../../capability/address-kind.ts'
import { type Lookup, systemLookup } from '../../capability/lookup-within.ts'
import type { NetworkLid, NetworkSettings } from '../../component-settings.ts'
import { WeftError } from '../../errors.ts'
import type { WasiContext } from '../wasi-context.ts'
import { DirectHttp } from './direct-http.ts'
import { type Endpoint, isUnspecified } from './ip-address.ts'
import { coversName, coversPort, type NetworkRule, networkRule } from './network-rule.ts'
import { SocketError } from './socket-error.ts'

/** Lookups of one component at a time: the host looks names up on few threads, which files need, too. */
const mostLookups = 2
/** Refusals that are told of one component. */
const mostTold = 100
/** A name that nobody could ask for. */
const longestName = 253

type Rules = Readonly<Record<keyof NetworkSettings, readonly NetworkRule[]>>

export interface NetworkOptions {
  readonly lookUp?: Lookup
  /** Of the host's operator. Under `public` nothing listens either. */
  readonly lid?: NetworkLid
}

/** What a component may reach. Without rules, nothing. */
export class Network {
  readonly #rules: Rules
  readonly #lookup: Lookup
  /** HTTP requests that need no link. */
  readonly http: DirectHttp
  readonly #waiting: (() => void)[] = []
  readonly #told = new Set<string>()
  #lookups = 0

  /** Throws `invalid` for what is no rule, `denied` for what no manifest may ask for on this host. */
  constructor(
    { tcp = [], udp = [], listen = [], http = [] }: NetworkSettings = {},
    { lookUp = systemLookup, lid = 'any' }: NetworkOptions = {},
  ) {
    const entries = [...tcp, ...udp, ...listen, ...http]
    if (lid === 'none' && entries.length > 0)
      throw new WeftError(
        'denied',
        `this host lets components reach nothing, and the manifest asks for ${entries.join(', ')}: ` +
          'start it without --guest-network none, or place the component elsewhere',
      )
    this.#lookup = lookUp
    const read = (texts: readonly string[]) => texts.map(networkRule).map((rule) => underLid(rule, lid))
    this.#rules = { tcp: read(tcp), udp: read(udp), listen: read(listen), http: read(http) }
    this.http = new DirectHttp(this)
  }

  rules(kind: keyof NetworkSettings): readonly NetworkRule[] {
    return this.#rules[kind]
  }

  /** True the first time: what a guest is refused it may ask for again and again. */
  isNews(text: string): boolean {
    if (this.#told.has(text) || this.#told.size >= mostTold) return false
    this.#told.add(text)
    return true
  }

  /** Addresses of a name; a few names at a time. */
  async lookup(name: string): Promise<readonly string[]> {
    if (this.#lookups >= mostLookups) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#lookups++
    try {
      return await this.#lookup(name)
    } catch (error) {
      throw SocketError.from(error)
    } finally {
      this.#lookups--
      this.#waiting.shift()?.()
    }
  }
}

function underLid(rule: NetworkRule, lid: NetworkLid): NetworkRule {
  if (lid === 'any') return rule
  const isPublic = (address: string) => kindOf(address) === 'public'
  return {
    ...rule,
    isEverything: false,
    coversAddress: (address) => isPublic(address) && rule.coversAddress(address),
    coversResolved: (address) => isPublic(address) && rule.coversResolved(address),
  }
}

/**
 * The network as one instance sees it. It may connect to the addresses that rules name, and to those that it has looked up
 * by a name that rules name: what a name leads to is checked when it was resolved, and that very address is connected to.
 */
export class GuestNetwork {
  readonly #network: Network
  readonly #context: Pick<WasiContext, 'signal' | 'warn'>
  /** Addresses by the names that they were looked up by, in the life that `#life` is aborted at the end of. */
  readonly #known = new Map<string, Set<string>>()
  #life: AbortSignal

  constructor(network: Network, context: Pick<WasiContext, 'signal' | 'warn'>) {
    this.#network = network
    this.#context = context
    this.#life = context.signal
  }

  /** The addresses of a name that a rule for TCP or UDP covers; an address is its own. */
  async resolve(name: string): Promise<string[]> {
    if (isIP(name) !== 0) return [name]
    if (name === '' || name.length > longestName || /[\s\p{Cc}]/u.test(name))
      throw new SocketError('invalid-argument')
    const rules = (['tcp', 'udp'] as const)
      .flatMap((kind) => this.#network.rules(kind))
      .filter((rule) => coversName(rule, name))
    if (rules.length === 0) throw this.refusal(`look up ${name}`)
    const found = await this.#network.lookup(name)
    const usable = found.filter((address) => rules.some((rule) => rule.coversResolved(address)))
    if (usable.length === 0) throw this.refusal(`use ${name}, which leads to ${found.join(', ')}`)
    this.#remember(name, usable)
    return usable
  }

  /** The error of what is refused; who runs the component is told, once. */
  refusal(deed: string): SocketError {
    const text = `the guest may not ${deed}: "network" in its manifest does not name it, or the host does not let it`
    if (this.#network.isNews(text)) this.#context.warn(text)
    return new SocketError('access-denied')
  }

  mayReach(kind: 'tcp' | 'udp', { address, port }: Endpoint): boolean {
    return this.#network
      .rules(kind)
      .some((rule) => coversPort(rule, port) && (rule.coversAddress(address) || this.#isOf(rule, address)))
  }

  /** Any own port may be taken to connect from; a certain one, or one that others can connect to, needs a rule. */
  mayBind({ address, port }: Endpoint): boolean {
    return (isUnspecified(address) && port === 0) || this.mayListen({ address, port })
  }

  mayListen({ address, port }: Endpoint): boolean {
    return this.#network
      .rules('listen')
      .some((rule) => coversPort(rule, port) && (rule.isEverything || rule.coversAddress(address)))
  }

  #isOf(rule: NetworkRule, address: string): boolean {
    this.#forget()
    for (const [name, addresses] of this.#known)
      if (addresses.has(address) && coversName(rule, name) && rule.coversResolved(address)) return true
    return false
  }

  /** An instance that was reset knows nothing of what it was before. */
  #forget(): void {
    if (this.#context.signal === this.#life) return
    this.#life = this.#context.signal
    this.#known.clear()
  }

  #remember(name: string, addresses: readonly string[]): void {
    this.#forget()
    if (this.#known.size >= mostNames) this.#known.clear()
    this.#known.set(name, new Set(addresses))
  }
}

/** Names that an instance's lookups are remembered for. */
const mostNames = 1000
