import type { Call, MessageOrigin, Operation } from '../call/call.ts'
import { parseInterfaceName, withoutVersion } from '../wit/names.ts'
import { clientRequestAttributes, httpSpanName } from './http-attributes.ts'
import { messageAttributes, messageSpanName, processOperation } from './message-attributes.ts'
import { attributeNames as names, attributeValues as values } from './names.ts'
import type { SpanAttributes, SpanKind } from './span.ts'

/** The caller's or the callee's half of a call. */
export type CallSide = 'client' | 'server'

/** How a span sees its call. */
export interface CallView {
  readonly side: CallSide
  /** True where the other side has no span of its own: a component's call from or to a provider on its own thread. */
  readonly isWhole: boolean
}

const maxTextLength = 512

/** The source of a call that an HTTP server made of a request. */
export const httpSource = 'http'

/** What kind of work a call is; the conventions for its span hang on it. */
export type CallSubject = 'http-in' | 'http-out' | 'keyvalue' | 'messaging' | 'other'

/** What `fixedAttributes` hang on. */
interface SubjectView extends CallView {
  readonly subject: CallSubject
}

/**
 * The attributes of a call's span that are the same for every call from here to there; `served` is the service that is
 * called. Keys and values of stores, payloads and bodies are never recorded.
 */
export function fixedAttributes(call: Call, view: SubjectView, served: string): SpanAttributes {
  const { side, isWhole, subject } = view
  if (entersHttp(call, side, subject)) return {}
  const message = messageOf(call, side)
  if (message) {
    return {
      [names.messagingSystem]: message.system,
      [names.messagingOperation]: processOperation,
      [names.messagingOperationType]: processOperation,
    }
  }
  // What crosses nothing and is named by other conventions is no RPC.
  const rpc = isWhole && subject !== 'other' ? {} : rpcAttributes(call)
  const peer = peerAttributes(call, view, served)
  const own = isUnderEntry(view) ? {} : fixedSubjectAttributes(call, subject)
  return { ...rpc, ...peer, ...linkAttributes(call), ...own }
}

/** True for what a component does for a provider on its own thread: the span of what entered there says what it is. */
export function isUnderEntry({ side, isWhole }: CallView): boolean {
  return isWhole && side === 'server'
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

/**
 * The kind of a call's span: a message that enters is consumed, calls between components and providers are RPC; what a
 * component does for a provider on its own thread crosses nothing.
 */
export function kindOf(call: Call, view: CallView): SpanKind {
  if (messageOf(call, view.side)) return 'consumer'
  return isUnderEntry(view) ? 'internal' : view.side
}

function rpcAttributes({ operation }: Call): SpanAttributes {
  const place = withoutVersion(operation.interface)
  return {
    [names.rpcSystem]: values.rpcSystem,
    [names.rpcMethod]: `${place}${place === '' ? '' : '/'}${operation.function.name}`,
  }
}

/** Where no span of the other side names its service, this one does. HTTP goes out to who is at its address. */
function peerAttributes(
  { source, target }: Call,
  { side, isWhole, subject }: SubjectView,
  served: string,
): SpanAttributes {
  if (side === 'server') return { [names.source]: source }
  const peer = isWhole && subject !== 'http-out' ? { [names.servicePeer]: served } : {}
  return { [names.target]: target, ...peer }
}

function linkAttributes({ context: { linkName } }: Call): SpanAttributes {
  return linkName === 'default' ? {} : { [names.link]: linkName }
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
