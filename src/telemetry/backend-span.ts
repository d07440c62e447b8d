import type { BackendTiming } from '../call/timing.ts'
import { destinationAttributes, linksTo } from './message-attributes.ts'
import { attributeNames as names } from './names.ts'
import type { SpanAttributes } from './span.ts'
import type { SpanFields } from './span-draft.ts'

const maxMessageLength = 1024

/** The span of what a provider asked of its backend, by the conventions for databases and for messaging. */
export function backendFields(timing: BackendTiming): SpanFields {
  const { kind, failure } = timing
  return {
    name: nameOf(timing),
    kind: kind === 'messaging' ? 'producer' : 'client',
    attributes: {
      ...(kind === 'messaging' ? messagingAttributes(timing) : databaseAttributes(timing)),
      ...serverAttributes(timing),
      ...(failure === undefined ? {} : { [names.errorType]: timing.failureCode ?? otherError }),
    },
    links: linksTo(timing.answeredUnder),
    ...(failure !== undefined && {
      status: { code: 'error', message: failure.slice(0, maxMessageLength) } as const,
    }),
  }
}

/** Where the time is measured that the backend took. */
export function backendSeries(component: string, timing: BackendTiming) {
  const { kind, system, operation, failure, failureCode = otherError } = timing
  const error = failure === undefined ? {} : { [names.errorType]: failureCode }
  return kind === 'database'
    ? ({
        metric: 'databaseDuration',
        labels: { component, [names.dbSystem]: system, [names.dbOperation]: operation, ...error },
      } as const)
    : ({
        metric: 'messagingDuration',
        labels: {
          component,
          [names.messagingSystem]: system,
          [names.messagingOperation]: operation,
          ...error,
        },
      } as const)
}

/** What the conventions say where the kind of error has no name of few. */
const otherError = '_OTHER'

// Subjects are the guests' own and may be many; a database is named by its server.
function nameOf({ kind, operation, server }: BackendTiming): string {
  return kind === 'messaging' || !server ? operation : `${operation} ${server.address}:${server.port}`
}

function messagingAttributes({ system, operation, destination, bodySize }: BackendTiming): SpanAttributes {
  return {
    [names.messagingSystem]: system,
    [names.messagingOperation]: operation,
    [names.messagingOperationType]: 'send',
    ...(destination === undefined ? {} : destinationAttributes(destination)),
    ...(bodySize === undefined ? {} : { [names.messagingBodySize]: bodySize }),
  }
}

function databaseAttributes({
  system,
  operation,
  destination,
  batchSize,
  failureCode,
}: BackendTiming): SpanAttributes {
  return {
    [names.dbSystem]: system,
    [names.dbOperation]: operation,
    ...(destination === undefined ? {} : { [names.dbNamespace]: destination }),
    ...(failureCode === undefined ? {} : { [names.dbStatus]: failureCode }),
    ...(batchSize !== undefined && batchSize > 1 ? { [names.dbBatchSize]: batchSize } : {}),
  }
}

function serverAttributes({ server }: BackendTiming): SpanAttributes {
  return server ? { [names.serverAddress]: server.address, [names.serverPort]: server.port } : {}
}
