import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSpans } from '../../src/telemetry/read-spans.ts'
import { maxGroupBytes } from '../../src/telemetry/span-groups.ts'
import { sampleSpan, spanGroups, spansMessages } from '../support/sample-span.ts'

test('many spans make several messages, none too long and none lost', () => {
  const spans = Array.from({ length: 3000 }, (_, index) =>
    sampleSpan({ name: `span ${index}`, attributes: { ü: 'ü'.repeat(100), list: [1, 2.5], yes: false } }),
  )
  const messages = spansMessages(...spans)
  assert.ok(messages.length > 1)
  for (const message of messages) assert.ok(message.byteLength <= maxGroupBytes + 4096)
  assert.deepEqual(
    messages.flatMap((message) => readSpans(message).spans),
    spans,
  )
})

test('spans of several services and scopes come out as they went in', () => {
  const other = { service: 'other', namespace: 'shop', version: '1', hostId: 'N2', hostName: 'elm' }
  const spans = [
    sampleSpan(),
    sampleSpan({ resource: other, parentSpanId: 'a'.repeat(16), status: { code: 'error', message: 'no' } }),
    sampleSpan({
      resource: other,
      scope: { name: 'guest-sdk' },
      dropped: { attributes: 1, events: 0, links: 2 },
    }),
    sampleSpan({
      events: [{ name: 'e', time: 1_795_222_923_000.5, attributes: { a: 'b' } }],
      links: [{ traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceState: 'x=y', attributes: {} }],
    }),
  ]
  const found = spansMessages(...spans).flatMap((message) => readSpans(message).spans)
  assert.deepEqual(new Set(found), new Set(spans))
})

test('a span too big for a message goes without its attributes', () => {
  const big = sampleSpan({ attributes: { body: 'x'.repeat(600_000) } })
  const messages = spansMessages(sampleSpan(), big, sampleSpan())
  const spans = messages.flatMap((message) => readSpans(message).spans)
  assert.equal(spans.length, 3)
  const found = spans.find((span) => span.spanId === big.spanId)
  assert.deepEqual([found?.attributes, found?.dropped?.attributes], [{}, 1])
})

test('no spans make no message', () => {
  assert.deepEqual(spanGroups(), [])
  assert.deepEqual(spansMessages(), [])
})
