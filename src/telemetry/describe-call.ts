import type { Call, Operation } from '../call/call.ts'
import { parseInterfaceName, withoutVersion } from '../wit/names.ts'
import { field, stringField } from './field.ts'
import { clientRequestAttributes, httpSpanName, serverRequestAttributes } from './http-attributes.ts'
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
  return { ...rpcAttributes(call, side), ...fixedSubjectAttributes(call, subject) }
}

/** The attributes that come from the call's arguments. */
export function ownAttributes(call: Call, subject: CallSubject): SpanAttributes {
  switch (subject) {
    case 'http-in':
      return serverRequestAttributes(call.args[0])
    case 'http-out':
      return clientRequestAttributes(call.args[0])
    case 'keyvalue':
      return keyvalueAttributes(call)
    case 'messaging':
      return messagingAttributes(call)
    case 'other':
      return {}
  }
}

/** The method alone (`GET`) where HTTP enters or leaves the lattice; undefined where the operation names the span. */
export function ownName(
  call: Call,
  side: CallSide,
  { subject }: { readonly subject: CallSubject },
): string | undefined {
  if (entersHttp(call, side, subject) || (subject === 'http-out' && side === 'client'))
    return httpSpanName(call.args[0])
  return undefined
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

/** The kind of a call's span. */
export function kindOf(call: Call, side: CallSide, subject: CallSubject): SpanKind {
  if (subject !== 'messaging') return side
  if (side === 'client' && call.operation.function.name === 'publish') return 'producer'
  return side === 'server' && call.operation.function.name === 'handle-message' ? 'consumer' : side
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
    [names.messagingOperationType]: name === 'handle-message' ? 'process' : 'send',
  }
}

function keyvalueAttributes(call: Call): SpanAttributes {
  const [bucket, keys] = call.args
  return {
    ...(typeof bucket === 'string' ? { [names.dbNamespace]: bucket.slice(0, maxTextLength) } : {}),
    ...(Array.isArray(keys) && keys.length > 1 ? { [names.dbBatchSize]: keys.length } : {}),
  }
}

// `publish(message)` and `handle-message(message)` take a record, `request(subject, body, timeout)` does not.
function messagingAttributes(call: Call): SpanAttributes {
  const [first, second] = call.args
  const subject = typeof first === 'string' ? first : stringField(first, 'subject')
  const body = typeof first === 'string' ? second : field(first, 'body')
  return {
    ...(subject === undefined ? {} : { [names.messagingDestination]: subject.slice(0, maxTextLength) }),
    ...(body instanceof Uint8Array ? { [names.messagingBodySize]: body.byteLength } : {}),
  }
}
