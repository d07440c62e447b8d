import { WeftError } from '../../src/errors.ts'
import { checkSubscription } from './subject.ts'

/** What a link's config asks for: what is subscribed to, and how much of it at once. */
export interface SubscribeOptions {
  readonly subscriptions: readonly WantedSubscription[]
  readonly consumers: readonly WantedConsumer[]
  /** How long the component may take for one message. */
  readonly timeoutMs: number
  /** How many messages of the link a data thread has under way; 1: one after the other, on one thread of the host. */
  readonly maxInFlight: number
}

/** `orders.*|workers` */
export interface WantedSubscription {
  readonly subject: string
  /** The queue group whose members share the messages; undefined: each provider instance gets all of them. */
  readonly queue: string | undefined
}

/** A JetStream consumer that is there already. */
export interface WantedConsumer {
  readonly stream: string
  readonly consumer: string
  /** The most messages that a data thread fetches ahead. */
  readonly maxMessages?: number
}

const defaultTimeoutMs = 30_000
const defaultInFlight = 64

/**
 * Reads a link's source config (wasmCloud's `subscriptions` and `consumers`, and two of our own); errors name key, rule
 * and value.
 */
export function subscribeOptionsFrom(
  config: Readonly<Record<string, string>>,
  nats: { readonly guards: boolean; readonly lattice: string },
): SubscribeOptions {
  const values = new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), value]))
  return {
    subscriptions:
      values.has('consumers') && !values.has('subscriptions')
        ? []
        : subscriptionsFrom(values.get('subscriptions') ?? '', nats),
    consumers: consumersFrom(values.get('consumers')),
    timeoutMs: wholeNumber(values, 'timeout_ms', { standard: defaultTimeoutMs, unit: 'milliseconds' }),
    maxInFlight: wholeNumber(values, 'max_in_flight', { standard: defaultInFlight, unit: 'a number' }),
  }
}

function subscriptionsFrom(
  text: string,
  nats: { readonly guards: boolean; readonly lattice: string },
): WantedSubscription[] {
  return text.split(',').map((given) => {
    const item = given.trim()
    const [, subject = '', queue] = /^([^|]+)(?:\|([^|\s]+))?$/.exec(item) ?? []
    checkSubscription({ subject, item }, nats)
    return { subject, queue }
  })
}

function consumersFrom(text: string | undefined): WantedConsumer[] {
  if (text === undefined) return []
  const list = parsed(text)
  const wanted = Array.isArray(list) ? list.flatMap(consumerFrom) : []
  if (Array.isArray(list) && wanted.length === list.length && list.length > 0) return wanted
  throw new WeftError(
    'invalid',
    `link config \`consumers\`: expected JSON such as [{"stream":"ORDERS","consumer":"packer"}], got ${text}`,
  )
}

function consumerFrom(item: unknown): WantedConsumer[] {
  const { stream, consumer, max_messages: most } = Object(item) as Readonly<Record<string, unknown>>
  const isName = (name: unknown) => typeof name === 'string' && /^[^\s.*>/\\]+$/.test(name)
  if (!isName(stream) || !isName(consumer)) return []
  if (most !== undefined && !(Number.isSafeInteger(most) && Number(most) > 0)) return []
  return [
    {
      stream: String(stream),
      consumer: String(consumer),
      ...(most !== undefined && { maxMessages: Number(most) }),
    },
  ]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function wholeNumber(
  values: ReadonlyMap<string, string>,
  key: string,
  { standard, unit }: { readonly standard: number; readonly unit: string },
): number {
  const text = values.get(key)
  if (text === undefined) return standard
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new WeftError(
    'invalid',
    `link config \`${key}\`: expected ${unit} such as ${standard}, got ${JSON.stringify(text)}`,
  )
}
