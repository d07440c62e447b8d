/**
 * Reads OTLP protobuf into the shapes of OTLP/JSON, by the numbers of opentelemetry-proto 1.x: written apart from the
 * encoder under test. A field it does not know throws.
 */
export function decodeOtlp(
  message: 'traces' | 'metrics' | 'logs',
  bytes: Uint8Array,
): Record<string, unknown> {
  const root = { traces: traceRequest, metrics: metricRequest, logs: logRequest }[message]
  return decode(root, Buffer.from(bytes))
}

type Kind = 'string' | 'hex' | 'bytes' | 'bool' | 'uint' | 'int64' | 'sint' | 'double' | 'fixed32' | 'fixed64'
type Field = readonly [name: string, kind: Kind | (() => Message), repeated?: 'repeated']
type Message = Readonly<Record<number, Field>>

const anyValue: Message = {
  1: ['stringValue', 'string'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', () => ({ 1: ['values', () => anyValue, 'repeated'] })],
  6: ['kvlistValue', () => ({ 1: ['values', () => keyValue, 'repeated'] })],
  7: ['bytesValue', 'bytes'],
}
const keyValue: Message = { 1: ['key', 'string'], 2: ['value', () => anyValue] }
const attributes = (): Field => ['attributes', () => keyValue, 'repeated']
const resource: Message = { 1: attributes(), 2: ['droppedAttributesCount', 'uint'] }
const scope: Message = { 1: ['name', 'string'], 2: ['version', 'string'], 3: attributes() }
const request = (names: readonly [string, string, string], item: Message): Message => ({
  1: [
    names[0],
    () => ({
      1: ['resource', () => resource],
      2: [
        names[1],
        () => ({
          1: ['scope', () => scope],
          2: [names[2], () => item, 'repeated'],
          3: ['schemaUrl', 'string'],
        }),
        'repeated',
      ],
      3: ['schemaUrl', 'string'],
    }),
    'repeated',
  ],
})
const event: Message = {
  1: ['timeUnixNano', 'fixed64'],
  2: ['name', 'string'],
  3: attributes(),
  4: ['droppedAttributesCount', 'uint'],
}
const link: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'string'],
  4: attributes(),
  5: ['droppedAttributesCount', 'uint'],
  6: ['flags', 'fixed32'],
}
const span: Message = {
  1: ['traceId', 'hex'],
  2: ['spanId', 'hex'],
  3: ['traceState', 'string'],
  4: ['parentSpanId', 'hex'],
  5: ['name', 'string'],
  6: ['kind', 'uint'],
  7: ['startTimeUnixNano', 'fixed64'],
  8: ['endTimeUnixNano', 'fixed64'],
  9: attributes(),
  10: ['droppedAttributesCount', 'uint'],
  11: ['events', () => event, 'repeated'],
  12: ['droppedEventsCount', 'uint'],
  13: ['links', () => link, 'repeated'],
  14: ['droppedLinksCount', 'uint'],
  15: ['status', () => ({ 2: ['message', 'string'], 3: ['code', 'uint'] })],
  16: ['flags', 'fixed32'],
}
const log: Message = {
  1: ['timeUnixNano', 'fixed64'],
  2: ['severityNumber', 'uint'],
  3: ['severityText', 'string'],
  5: ['body', () => anyValue],
  6: attributes(),
  7: ['droppedAttributesCount', 'uint'],
  8: ['flags', 'fixed32'],
  9: ['traceId', 'hex'],
  10: ['spanId', 'hex'],
  11: ['observedTimeUnixNano', 'fixed64'],
  12: ['eventName', 'string'],
}
const exemplar: Message = {
  2: ['timeUnixNano', 'fixed64'],
  3: ['asDouble', 'double'],
  4: ['spanId', 'hex'],
  5: ['traceId', 'hex'],
  6: ['asInt', 'fixed64'],
  7: ['filteredAttributes', () => keyValue, 'repeated'],
}
const numberPoint: Message = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['asDouble', 'double'],
  5: ['exemplars', () => exemplar, 'repeated'],
  6: ['asInt', 'fixed64'],
  7: attributes(),
  8: ['flags', 'uint'],
}
const histogramPoint: Message = {
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['bucketCounts', 'fixed64', 'repeated'],
  7: ['explicitBounds', 'double', 'repeated'],
  8: ['exemplars', () => exemplar, 'repeated'],
  9: attributes(),
  11: ['min', 'double'],
  12: ['max', 'double'],
}
const buckets: Message = { 1: ['offset', 'sint'], 2: ['bucketCounts', 'int64', 'repeated'] }
const exponentialPoint: Message = {
  1: attributes(),
  2: ['startTimeUnixNano', 'fixed64'],
  3: ['timeUnixNano', 'fixed64'],
  4: ['count', 'fixed64'],
  5: ['sum', 'double'],
  6: ['scale', 'sint'],
  7: ['zeroCount', 'fixed64'],
  8: ['positive', () => buckets],
  9: ['negative', () => buckets],
  11: ['exemplars', () => exemplar, 'repeated'],
  12: ['min', 'double'],
  13: ['max', 'double'],
  14: ['zeroThreshold', 'double'],
}
const points = (point: Message): Message => ({
  1: ['dataPoints', () => point, 'repeated'],
  2: ['aggregationTemporality', 'uint'],
  3: ['isMonotonic', 'bool'],
})
const metric: Message = {
  1: ['name', 'string'],
  2: ['description', 'string'],
  3: ['unit', 'string'],
  5: ['gauge', () => points(numberPoint)],
  7: ['sum', () => points(numberPoint)],
  9: ['histogram', () => points(histogramPoint)],
  10: ['exponentialHistogram', () => points(exponentialPoint)],
}
const traceRequest = request(['resourceSpans', 'scopeSpans', 'spans'], span)
const logRequest = request(['resourceLogs', 'scopeLogs', 'logRecords'], log)
const metricRequest = request(['resourceMetrics', 'scopeMetrics', 'metrics'], metric)

function decode(message: Message, bytes: Buffer): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const at = { index: 0 }
  while (at.index < bytes.length) {
    const tag = Number(varint(bytes, at))
    const field = message[tag >> 3]
    if (!field)
      throw new Error(`no field ${tag >> 3} in ${JSON.stringify(Object.values(message).map(([n]) => n))}`)
    const [name, kind, repeated] = field
    const read = () => value(kind, bytes, at)
    const isPacked = repeated && (tag & 7) === 2 && typeof kind === 'string' && kind !== 'string'
    const found = isPacked ? packed(bytes, at, read) : [read()]
    if (repeated) result[name] = [...((result[name] as unknown[]) ?? []), ...found]
    else result[name] = found[0]
  }
  return result
}

function packed(bytes: Buffer, at: { index: number }, read: () => unknown): unknown[] {
  const end = Number(varint(bytes, at)) + at.index
  const values: unknown[] = []
  while (at.index < end) values.push(read())
  return values
}

function value(kind: Field[1], bytes: Buffer, at: { index: number }): unknown {
  if (typeof kind === 'function') return decode(kind(), chunk(bytes, at))
  switch (kind) {
    case 'string':
      return chunk(bytes, at).toString('utf8')
    case 'hex':
      return chunk(bytes, at).toString('hex')
    case 'bytes':
      return chunk(bytes, at).toString('base64')
    case 'bool':
      return varint(bytes, at) === 1n
    case 'uint':
      return Number(varint(bytes, at))
    case 'int64':
      return String(BigInt.asIntN(64, varint(bytes, at)))
    case 'sint': {
      const raw = Number(varint(bytes, at))
      return (raw >>> 1) ^ -(raw & 1)
    }
    case 'double':
      at.index += 8
      return bytes.readDoubleLE(at.index - 8)
    case 'fixed32':
      at.index += 4
      return bytes.readUInt32LE(at.index - 4)
    case 'fixed64':
      at.index += 8
      return String(bytes.readBigUInt64LE(at.index - 8))
  }
}

function chunk(bytes: Buffer, at: { index: number }): Buffer {
  const length = Number(varint(bytes, at))
  at.index += length
  if (at.index > bytes.length) throw new Error('the message is shorter than it says')
  return bytes.subarray(at.index - length, at.index)
}

function varint(bytes: Buffer, at: { index: number }): bigint {
  let result = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at.index]
    if (byte === undefined) throw new Error('a number is cut off')
    at.index += 1
    result |= BigInt(byte & 127) << shift
    if (byte < 128) return result
  }
}
