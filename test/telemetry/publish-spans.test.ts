import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSpans } from '../../src/telemetry/parse-spans.ts'
import { encodeSpanMessages, maxSpanMessageBytes } from '../../src/telemetry/publish-spans.ts'
import { sampleSpan } from '../support/sample-span.ts'

test('many spans make several messages, none too long and none lost', () => {
  const spans = Array.from({ length: 3000 }, (_, index) =>
    sampleSpan({ name: `span ${index}`, attributes: { ü: 'ü'.repeat(100) } }),
  )
  const messages = encodeSpanMessages(spans)
  assert.ok(messages.length > 1)
  for (const message of messages) assert.ok(message.byteLength <= maxSpanMessageBytes)
  assert.deepEqual(
    messages.flatMap((message) => parseSpans(message).spans),
    spans,
  )
})

test('a span too big for a message goes without its attributes', () => {
  const big = sampleSpan({ attributes: { body: 'x'.repeat(600_000) } })
  const messages = encodeSpanMessages([sampleSpan(), big, sampleSpan()])
  const spans = messages.flatMap((message) => parseSpans(message).spans)
  assert.equal(spans.length, 3)
  assert.deepEqual(spans.find((span) => span.spanId === big.spanId)?.attributes, {})
})

test('no spans make no message', () => {
  assert.deepEqual(encodeSpanMessages([]), [])
})
