import type { LookupFunction } from 'node:net'
import { isLinkLocal, leadsToLinkLocal } from '../capability/link-local.ts'
import { type Lookup, lookupWithin, systemLookup } from '../capability/lookup-within.ts'
import { linkLocalTelemetry } from '../component-settings.ts'
import type { Log } from '../log.ts'
import { version } from '../version.ts'
import { type DropReason, ExportQueue, type ExportQueueOptions } from './export-queue.ts'
import { scopeName } from './names.ts'
import type { OtlpGroup, OtlpScope } from './otlp-common.ts'
import { encodeJson } from './otlp-json.ts'
import { ProtobufWriter } from './otlp-protobuf.ts'
import { OtlpSender } from './otlp-sender.ts'
import { type Env, type OtlpEndpoint, otlpTarget, type Signal, withoutSecrets } from './otlp-target.ts'
import type { OtlpMessage } from './otlp-writer.ts'
import { createResources } from './resource.ts'
import type { SpanResource } from './span.ts'
import { telemetryEnv } from './telemetry-env.ts'
import { withinTime } from './within-time.ts'

export interface OtlpExportOptions<T, Item> {
  readonly env: Env
  readonly signal: Signal
  readonly log: Log
  readonly onDropped?: (count: number, reason: DropReason) => void
  /** Who made a thing that is exported, and what it holds. */
  readonly makerOf: (thing: T) => SpanResource
  readonly itemsOf: (thing: T) => readonly Item[]
  readonly scopeOf?: (thing: T) => OtlpScope | undefined
  readonly write: OtlpMessage<readonly OtlpGroup<Item>[]>
  /** Told of a thing whose items stand in a request: they are not asked for again. */
  readonly onWritten?: (thing: T) => void
  /** How names of collectors are looked up; the system's way when left out. */
  readonly resolve?: Lookup
  readonly queue?: Pick<ExportQueueOptions<T>, 'delayMs' | 'batchSize' | 'maxWaiting' | 'weigh'>
}

interface Destination<T> {
  readonly queue: ExportQueue<T>
  readonly sender: OtlpSender
}

/** Endpoints of single applications beyond this many share the one of all applications. */
const mostDestinations = 64

/** Exports one signal over OTLP: what the platform made, applications and single components may each go elsewhere. */
export class OtlpExport<T, Item> {
  readonly #options: OtlpExportOptions<T, Item>
  readonly #resourceOf: ReturnType<typeof createResources>
  /** By where things go: the text of an endpoint, or why there is none. */
  readonly #destinations = new Map<string, Destination<T> | undefined>()

  constructor(options: OtlpExportOptions<T, Item>) {
    this.#options = options
    this.#resourceOf = createResources(options.env)
  }

  /** How many things did not reach a collector. */
  get dropped(): number {
    return [...this.#destinations.values()].reduce((sum, one) => sum + (one?.queue.dropped ?? 0), 0)
  }

  /** Takes things; never throws and never waits. */
  push(things: readonly T[]): void {
    const first = things[0]
    if (first === undefined) return
    const target = this.#destinationOf(this.#options.makerOf(first))
    const others = things.filter((thing) => this.#destinationOf(this.#options.makerOf(thing)) !== target)
    if (others.length === 0) target?.queue.push(things)
    else {
      for (const thing of things) this.#destinationOf(this.#options.makerOf(thing))?.queue.push([thing])
    }
  }

  async flush(timeoutMs: number): Promise<void> {
    const queues = [...this.#destinations.values()].map((one) => one?.queue.flush(timeoutMs))
    await withinTime(Promise.all(queues), timeoutMs)
  }

  async stop(timeoutMs: number): Promise<void> {
    await this.flush(timeoutMs)
    for (const destination of this.#destinations.values()) destination?.sender.stop()
  }

  #destinationOf(maker: SpanResource): Destination<T> | undefined {
    const key = maker.isPlatform
      ? 'platform'
      : `application ${maker.otlp?.endpoint ?? ''} ${maker.otlp?.protocol ?? ''}`
    if (this.#destinations.has(key)) return this.#destinations.get(key)
    if (this.#destinations.size >= mostDestinations) {
      const { otlp: _, ...shared } = maker
      return maker.otlp ? this.#destinationOf(shared) : undefined
    }
    const target = otlpTarget(telemetryEnv(this.#options.env, maker), this.#options.signal)
    const made =
      target.state === 'on' && this.#mayReach(maker, target)
        ? this.#open(target, this.#lookupFor(maker))
        : undefined
    this.#destinations.set(key, made)
    return made
  }

  #isBounded(maker: SpanResource): boolean {
    const allowed = this.#options.env[linkLocalTelemetry]
    return (maker.otlp !== undefined || allowed === 'false') && allowed !== 'true'
  }

  /** No name is looked up where the endpoint is an address. */
  #mayReach(maker: SpanResource, { url }: OtlpEndpoint): boolean {
    return !this.#isBounded(maker) || !leadsToLinkLocal(url)
  }

  /** Who writes a manifest decides where its names lead, but not what of the host's own surroundings it reaches. */
  #lookupFor(maker: SpanResource): LookupFunction | undefined {
    const { resolve = systemLookup } = this.#options
    if (!this.#isBounded(maker)) return undefined
    const problem = `leads to link-local addresses, which a manifest may reach where the operator sets ${linkLocalTelemetry}=true`
    return lookupWithin(resolve, (address) => !isLinkLocal(address), problem)
  }

  #open(endpoint: OtlpEndpoint, lookup: LookupFunction | undefined): Destination<T> {
    const { signal, log, onDropped, onWritten, queue } = this.#options
    const sender = new OtlpSender(endpoint, lookup)
    const encode = endpoint.protocol === 'http/json' ? encodeJson : protobufEncoder()
    return {
      sender,
      queue: new ExportQueue<T>({
        ...queue,
        label: `${signal} to ${withoutSecrets(endpoint.url)}`,
        log,
        ...(onDropped && { onDropped }),
        send: (batch) => {
          const body = encode(this.#groupsOf(batch), this.#options.write)
          if (onWritten) batch.forEach(onWritten)
          return sender.send(body)
        },
      }),
    }
  }

  #groupsOf(batch: readonly T[]): OtlpGroup<Item>[] {
    const { makerOf, itemsOf, scopeOf } = this.#options
    const groups = new Map<SpanResource, Map<string, ScopedItems<Item>>>()
    for (const thing of batch) {
      const maker = makerOf(thing)
      const scopes = groups.get(maker) ?? new Map<string, ScopedItems<Item>>()
      groups.set(maker, scopes)
      const scope = scopeOf?.(thing) ?? ownScope
      const key = `${scope.name}\0${scope.version ?? ''}`
      const scoped: ScopedItems<Item> = scopes.get(key) ?? { scope, items: [] }
      scopes.set(key, scoped)
      for (const item of itemsOf(thing)) scoped.items.push(item)
    }
    return [...groups].map(([maker, scopes]) => ({
      resource: this.#resourceOf(maker),
      scopes: [...scopes.values()],
    }))
  }
}

/** One batch is on its way at a time, so that all may be written into the same memory. */
function protobufEncoder(): <T>(value: T, write: OtlpMessage<T>) => Uint8Array {
  const writer = new ProtobufWriter()
  return (value, write) => {
    writer.cut(0)
    write(writer, value)
    return writer.view()
  }
}

interface ScopedItems<Item> {
  readonly scope: OtlpScope
  readonly items: Item[]
}

const ownScope: OtlpScope = { name: scopeName, version }
