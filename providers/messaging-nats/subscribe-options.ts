import { WeftError } from '../../src/errors.ts'
import { checkSubscription } from './subject.ts'

export interface SubscribeOptions {
  readonly subscriptions: readonly WantedSubscription[]
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

const defaultTimeoutMs = 30_000
const defaultInFlight = 64

/** Reads a link's source config (wasmCloud's `subscriptions`, and two of our own); errors name key, rule and value. */
export function subscribeOptionsFrom(
  config: Readonly<Record<string, string>>,
  nats: { readonly guards: boolean },
): SubscribeOptions {
  const values = new Map(Object.entries(config).map(([key, value]) => [key.toLowerCase(), value]))
  return {
    subscriptions: subscriptionsFrom(values.get('subscriptions') ?? '', nats),
    timeoutMs: wholeNumber(values, 'timeout_ms', { standard: defaultTimeoutMs, unit: 'milliseconds' }),
    maxInFlight: wholeNumber(values, 'max_in_flight', { standard: defaultInFlight, unit: 'a number' }),
  }
}

function subscriptionsFrom(text: string, nats: { readonly guards: boolean }): WantedSubscription[] {
  return text.split(',').map((given) => {
    const item = given.trim()
    const [, subject = '', queue] = /^([^|]+)(?:\|([^|\s]+))?$/.exec(item) ?? []
    checkSubscription({ subject, item }, nats)
    return { subject, queue }
  })
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
