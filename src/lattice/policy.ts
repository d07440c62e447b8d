import { randomUUID } from 'node:crypto'
import type { NatsConnection } from 'nats'
import type { Claims } from '../claims/claims.ts'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { flag, or, parseJson, record, text } from './shape.ts'

/** Where a policy service is asked, as wasmCloud 1.x has it. */
export interface PolicySubjects {
  readonly topic: string
  /** Where it says that it has changed its mind; it is not listened for when left out. */
  readonly changesTopic?: string | undefined
  /** How long an answer may take, in ms; none in time is a no. Default 1000. */
  readonly timeoutMs?: number | undefined
}

export interface PolicyOptions extends PolicySubjects {
  readonly connection: NatsConnection
  readonly hostId: string
  readonly lattice: string
  readonly labels: () => Readonly<Record<string, string>>
  readonly log: Log
  /** A decision about calls that was handed out before is another now. */
  readonly onInvocationChange: (call: PolicyCall, decision: PolicyDecision) => void
}

/** A component, as a policy service is told of it. */
export interface PolicyComponent {
  readonly id: string
  readonly ref: string
  readonly maxInstances: number
  readonly annotations: Readonly<Record<string, string>>
  readonly claims: Claims | undefined
}

export type PolicyProvider = Omit<PolicyComponent, 'maxInstances'>

/** An operation of a component, as calls of it are decided. */
export interface PolicyCall {
  readonly component: string
  /** What it runs from. */
  readonly ref: string
  readonly interface: string
  readonly function: string
}

export interface PolicyDecision {
  readonly permitted: boolean
  /** Why, in the service's words. */
  readonly message: string
}

/** Asks a policy service. Each answer holds until the service changes it. */
export interface Policy {
  /** Throws `denied` with the service's reason, and when it does not answer. */
  startComponent(component: PolicyComponent): Promise<void>
  startProvider(provider: PolicyProvider): Promise<void>
  /** Throws only when the service gives no answer; such a no is not kept. */
  performInvocation(call: PolicyCall, target: PolicyComponent): Promise<PolicyDecision>
  stop(): void
}

interface Question {
  readonly key: string
  readonly kind: 'startComponent' | 'startProvider' | 'performInvocation'
  readonly request: object
  readonly call?: PolicyCall
}

interface Kept {
  decision: PolicyDecision
  readonly call: PolicyCall | undefined
}

const defaultTimeoutMs = 1_000
const answerShape = record({ requestId: text, permitted: flag, message: or(text, '') })

/** Opens the way to a policy service; without subjects everything is allowed. */
export function openPolicy(
  options: Omit<PolicyOptions, keyof PolicySubjects>,
  subjects?: PolicySubjects,
): Policy {
  return subjects === undefined ? allowAll : askService({ ...options, ...subjects })
}

const allowAll: Policy = {
  startComponent: async () => {},
  startProvider: async () => {},
  performInvocation: async () => ({ permitted: true, message: '' }),
  stop: () => {},
}

function askService(options: PolicyOptions): Policy {
  const { connection, topic, timeoutMs = defaultTimeoutMs, log } = options
  const keptById = new Map<string, Kept>()
  const asked = new Map<string, Promise<Kept>>()
  const changes =
    options.changesTopic === undefined
      ? undefined
      : subscribeGuarded(connection, options.changesTopic, { log, onMessage: ({ data }) => changed(data) })

  const changed = (data: Uint8Array) => {
    const { requestId, ...decision } = parseJson(data, answerShape)
    const kept = keptById.get(requestId)
    if (!kept) return
    kept.decision = decision
    if (kept.call) options.onInvocationChange(kept.call, decision)
  }

  const send = async ({ kind, request, call }: Question): Promise<Kept> => {
    const requestId = randomUUID()
    const host = { publicKey: options.hostId, lattice: options.lattice, labels: options.labels() }
    const body = JSON.stringify({ requestId, kind, version: 'v1', request, host })
    const reply = await connection.request(topic, body, { timeout: timeoutMs }).catch((cause: unknown) => {
      const why = `the policy service on ${topic} did not answer within ${timeoutMs} ms`
      throw new WeftError('denied', why, { cause })
    })
    const decision = readDecision(reply.data, requestId)
    const kept = { decision, call }
    keptById.set(requestId, kept)
    return kept
  }

  /** Asked once for each key; what could not be answered is asked again the next time. */
  const decide = async (question: Question): Promise<PolicyDecision> => {
    const asking = asked.get(question.key) ?? send(question)
    asked.set(question.key, asking)
    try {
      return (await asking).decision
    } catch (error) {
      if (asked.get(question.key) === asking) asked.delete(question.key)
      throw error
    }
  }

  const require = async (question: Question, what: string): Promise<void> => {
    const decision = await decide(question).catch((error: unknown) => ({
      permitted: false,
      message: WeftError.from(error).message,
    }))
    if (decision.permitted) return
    throw new WeftError(
      'denied',
      `Policy denied request to ${what}: ${decision.message || 'no reason given'}`,
    )
  }

  return {
    startComponent: (component) =>
      require({
        key: JSON.stringify(['startComponent', component.id, component.ref]),
        kind: 'startComponent',
        request: componentInformation(component),
      }, `scale component \`${component.id}\``),
    startProvider: ({ id, ref, annotations, claims }) =>
      require({
        key: JSON.stringify(['startProvider', id, ref]),
        kind: 'startProvider',
        request: { providerId: id, imageRef: ref, annotations, claims: claimsInformation(claims) },
      }, `start provider \`${id}\``),
    performInvocation: (call, target) =>
      decide({
        key: JSON.stringify(['performInvocation', target.id, target.ref, call.interface, call.function]),
        kind: 'performInvocation',
        request: { interface: call.interface, function: call.function, target: componentInformation(target) },
        call,
      }),
    stop: () => changes?.unsubscribe(),
  }
}

function readDecision(data: Uint8Array, requestId: string): PolicyDecision {
  try {
    const { requestId: answered, ...decision } = parseJson(data, answerShape)
    if (answered === requestId) return decision
  } catch (cause) {
    const problem = WeftError.from(cause).message
    throw new WeftError('denied', `the policy service's answer cannot be read: ${problem}`, { cause })
  }
  throw new WeftError('denied', 'the policy service answered another request')
}

function componentInformation({ id, ref, maxInstances, annotations, claims }: PolicyComponent): object {
  return { componentId: id, imageRef: ref, maxInstances, annotations, claims: claimsInformation(claims) }
}

function claimsInformation(claims: Claims | undefined): object | null {
  if (!claims) return null
  const { subject, issuer, issuedAt, expires } = claims
  return {
    publicKey: subject,
    issuer,
    issuedAt: String(issuedAt),
    expiresAt: expires ?? null,
    expired: expires !== undefined && expires * 1000 < Date.now(),
  }
}
