import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BegunSpan,
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
} from '../../src/call/trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'

test('a traceparent is read and written back', () => {
  const trace = parseTraceparent(`00-${traceId}-${spanId}-01`, 'vendor=1')
  assert.deepEqual(trace, { traceId, spanId, sampled: true, traceState: 'vendor=1' })
  assert.equal(trace && formatTraceparent(trace), `00-${traceId}-${spanId}-01`)
})

test('a later version with more fields is read as far as it is known', () => {
  assert.equal(parseTraceparent(`cc-${traceId}-${spanId}-00-more`)?.sampled, false)
})

const wrong = [
  undefined,
  '',
  'garbage',
  `00-${traceId}-${spanId}`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${'0'.repeat(32)}-${spanId}-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `ff-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}-01-more`,
]
for (const header of wrong) {
  test(`${JSON.stringify(header)} is no traceparent`, () => assert.equal(parseTraceparent(header), undefined))
}

test('new ids have the right length and differ', () => {
  assert.match(newTraceId(), /^[0-9a-f]{32}$/)
  assert.match(newSpanId(), /^[0-9a-f]{16}$/)
  assert.notEqual(newSpanId(), newSpanId())
})

test('a span that begins has its ids as words too, whether its trace came from outside or began here', () => {
  const hexOf = (words: readonly number[]) =>
    words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  const outside = {
    traceId: '00000001deadbeef7fffffff80000000',
    spanId: 'b'.repeat(16),
    sampled: true,
    traceState: 'x=1',
  }
  for (let count = 0; count < 600; count += 1) {
    const entry = new BegunSpan(outside)
    const child = new BegunSpan(entry)
    assert.equal(child.traceId, outside.traceId)
    assert.equal(child.traceState, 'x=1')
    for (const span of [entry, child]) {
      assert.equal(hexOf(span.traceWords), span.traceId)
      assert.equal(hexOf(span.spanWords), span.spanId)
    }
    assert.notEqual(child.spanId, entry.spanId)
  }
})
