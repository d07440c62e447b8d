import { randomUUID } from 'node:crypto'
import type { NatsConnection } from 'nats'
import { WeftError } from '../errors.ts'
import type { Log } from '../log.ts'
import { subscribeGuarded } from './connect.ts'
import { type EventData, type EventName, eventShapes, isEventName } from './event-data.ts'
import { anything, parseJson, record, text } from './shape.ts'
import { anyEventSubject, eventSubject } from './subjects.ts'

/** Publishes one event of this host; the data's shape is the protocol's, members beyond it are allowed. */
export type PublishEvent = <N extends EventName>(name: N, data: EventData<N>) => void

/** Something that happened in the lattice; `source` is the id of the host where it did. */
export type LatticeEvent = {
  readonly [N in EventName]: {
    readonly name: N
    readonly source: string
    /** RFC 3339, as it came. */
    readonly time: string
    readonly data: EventData<N>
  }
}[EventName]

const typePrefix = 'com.wasmcloud.lattice.'
const envelopeShape = record({ type: text, source: text, data: anything }, { time: text })

/** Makes the publisher of a host's CloudEvents. On a closed connection an event is dropped: nobody can hear it. */
export function createEventPublisher(
  connection: NatsConnection,
  lattice: string,
  hostId: string,
): PublishEvent {
  return (name, data) => {
    if (connection.isClosed()) return
    const envelope = {
      specversion: '1.0',
      id: randomUUID(),
      type: `${typePrefix}${name}`,
      source: hostId,
      datacontenttype: 'application/json',
      time: new Date().toISOString(),
      data,
    }
    connection.publish(eventSubject(lattice, name), JSON.stringify(envelope))
  }
}

/** Hears every event of the lattice; what cannot be read is dropped with a log line, unknown kinds without one. */
export function subscribeEvents(options: {
  readonly connection: NatsConnection
  readonly lattice: string
  readonly onEvent: (event: LatticeEvent) => void
  readonly log: Log
}): { stop(): void } {
  const { connection, lattice, onEvent, log } = options
  const subscription = subscribeGuarded(connection, anyEventSubject(lattice), {
    log,
    onMessage: (message) => {
      const event = readEvent({ subject: message.subject, data: message.data, log })
      if (event) onEvent(event)
    },
  })
  return { stop: () => subscription.unsubscribe() }
}

function readEvent(message: { subject: string; data: Uint8Array; log: Log }): LatticeEvent | undefined {
  try {
    const { type, source, time = '', data } = parseJson(message.data, envelopeShape)
    const name = type.startsWith(typePrefix) ? type.slice(typePrefix.length) : ''
    if (!isEventName(name)) return undefined
    // The shape belongs to the name; the compiler cannot follow that through a lookup.
    return { name, source, time, data: eventShapes[name](data, 'data') } as LatticeEvent
  } catch (error) {
    message.log.warn('dropped an event that cannot be read', {
      subject: message.subject,
      error: WeftError.from(error).message,
    })
    return undefined
  }
}
