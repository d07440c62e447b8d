import type { Call, MessageOrigin, Operation } from '../call/call.ts'
import { parseInterfaceName, withoutVersion } from '../wit/names.ts'
import { clientRequestAttributes, httpSpanName } from './http-attributes.ts'
import { messageAttributes, messageSpanName, processOperation } from './message-attributes.ts'
import { attributeNames as names, attributeValues as values } from './names.ts'
import type { SpanAttributes, SpanKind } from './span.ts'

/** The caller's or the callee's half of a call. */
export type CallSide = 'client' | 'server'

const maxTextLength = 512

/** The source of a call that an HTTP server made of a request. */
export const httpSource = 'http'

/** What kind of work a call is; the conventions for its span hang on it. */
export type CallSubject = 'http-in' | 'http-out' | 'keyvalue' | 'messaging' | 'other'

/**
 * The attributes of a call's span that are the same for every call from here to there. Keys and values of stores,
 * payloads and bodies are never recorded.
 */
export function fixedAttributes(call: Call, side: CallSide, subject: CallSubject): SpanAttributes {
  if (entersHttp(call, side, subject)) return {}
  const message = messageOf(call, side)
  if (message) {
    return {
      [names.messagingSystem]: message.system,
      [names.messagingOperation]: processOperation,
      [names.messagingOperationType]: processOperation,
    }
  }
  return { ...rpcAttributes(call, side), ...fixedSubjectAttributes(call, subject) }
}

/** The attributes that come from the call's arguments; those of a request that comes in are a `RequestTarget`. */
export function ownAttributes(call: Call, subject: CallSubject): SpanAttributes {
  switch (subject) {
    case 'http-out':
      return clientRequestAttributes(call.args[0])
    case 'keyvalue':
      return keyvalueAttributes(call)
    case 'messaging':
      return messageAttributes(call)
    default:
      return {}
  }
}

/**
 * The method alone (`GET`, or `GET /orders/*` where paths are routed) where HTTP enters or leaves the lattice, `process`
 * and the subscription where a message enters it; undefined where the operation names the span.
 */
export function ownName(
  call: Call,
  side: CallSide,
  { subject }: { readonly subject: CallSubject },
): string | undefined {
  if (entersHttp(call, side, subject) && call.route !== undefined)
    return `${httpSpanName(call.args[0])} ${call.route}`
  if (entersHttp(call, side, subject) || (subject === 'http-out' && side === 'client'))
    return httpSpanName(call.args[0])
  const message = messageOf(call, side)
  return message && messageSpanName(message)
}

/** The broker message that a call is the entry of. */
export function messageOf(call: Call, side: CallSide): MessageOrigin | undefined {
  return side === 'server' ? call.message : undefined
}

function entersHttp(call: Call, side: CallSide, subject: CallSubject): boolean {
  return subject === 'http-in' && side === 'server' && call.source === httpSource
}

/** Which conventions a call follows. */
export function subjectOf(operation: Operation): CallSubject {
  switch (withoutVersion(operation.interface)) {
    case 'wrpc:http/incoming-handler':
    case 'wasi:http/incoming-handler':
      return 'http-in'
    case 'wrpc:http/outgoing-handler':
    case 'wasi:http/outgoing-handler':
      return 'http-out'
    case 'wasmcloud:messaging/consumer':
    case 'wasmcloud:messaging/handler':
      return 'messaging'
  }
  return /^(wrpc|wasi):keyvalue\//.test(operation.interface) ? 'keyvalue' : 'other'
}

/** Names are few: `keyvalue/atomics increment` (package, interface, function). */
export function spanNameOf(operation: Operation): string {
  const name = parseInterfaceName(operation.interface)
  const place = name ? `${name.package}/${name.interface}` : operation.interface
  return `${place} ${functionOf(operation)}`.trim()
}

// `[method]bucket.get` → `bucket.get`
function functionOf(operation: Operation): string {
  return operation.function.name.replace(/^\[[a-z-]+\]/, '')
}

/** The kind of a call's span: a message that enters is consumed, calls between components and providers are RPC. */
export function kindOf(call: Call, side: CallSide): SpanKind {
  return messageOf(call, side) ? 'consumer' : side
}

function rpcAttributes(call: Call, side: CallSide): SpanAttributes {
  const place = withoutVersion(call.operation.interface)
  return {
    [names.rpcSystem]: values.rpcSystem,
    [names.rpcMethod]: `${place}${place === '' ? '' : '/'}${call.operation.function.name}`,
    ...(side === 'client' ? { [names.target]: call.target } : { [names.source]: call.source }),
    ...(call.context.linkName === 'default' ? {} : { [names.link]: call.context.linkName }),
  }
}

function fixedSubjectAttributes(call: Call, subject: CallSubject): SpanAttributes {
  const { name } = call.operation.function
  if (subject === 'keyvalue') return { [names.dbSystem]: values.dbSystem, [names.dbOperation]: name }
  if (subject !== 'messaging') return {}
  return {
    [names.messagingSystem]: values.messagingSystem,
    [names.messagingOperation]: name,
    [names.messagingOperationType]: name === 'handle-message' ? processOperation : 'send',
  }
}

function keyvalueAttributes(call: Call): SpanAttributes {
  const [bucket, keys] = call.args
  return {
    ...(typeof bucket === 'string' ? { [names.dbNamespace]: bucket.slice(0, maxTextLength) } : {}),
    ...(Array.isArray(keys) && keys.length > 1 ? { [names.dbBatchSize]: keys.length } : {}),
  }
}
