import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  BegunSpan,
  formatTraceparent,
  newSpanId,
  newTraceId,
  parseTraceparent,
  TraceId,
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

test('ids are the same as text and as words, whether a trace came from outside or began here', () => {
  const textOf = (words: readonly number[]) =>
    words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  const outside = '00000001deadbeef7fffffff80000000'
  const plain = { sampled: true, traceState: 'x=1' }
  for (let count = 0; count < 600; count += 1) {
    for (const id of [TraceId.from(outside), TraceId.new()]) {
      const span = new BegunSpan(id, plain)
      const known = new BegunSpan(id, plain, span.spanId)
      const { first, second, third, fourth } = span.id
      assert.equal(textOf([first, second, third, fourth]), span.traceId)
      assert.equal(textOf([span.high, span.low]), span.spanId)
      assert.deepEqual([known.high, known.low], [span.high, span.low])
      assert.notEqual(new BegunSpan(id, plain).spanId, span.spanId)
    }
  }
  assert.equal(TraceId.from(outside).hex, outside)
  assert.equal(new BegunSpan(TraceId.from(outside), plain).traceState, 'x=1')
})

test('a tracestate that is not valid, or as long as a book, is left out, and the trace goes on', () => {
  const read = (state: string) => parseTraceparent(`00-${traceId}-${spanId}-01`, state)
  const members = (count: number) => Array.from({ length: count }, (_, index) => `k${index}=v`).join(',')
  const valid = [
    '',
    'a=1',
    'rojo=00f067aa0ba902b7, congo=t61rcWkgMzE',
    'a=1,,b=2',
    '0tenant@vendor=x y~',
    members(32),
  ]
  for (const state of valid) assert.equal(read(state)?.traceState, state)
  const long = Array.from({ length: 20 }, (_, index) => `k${index}=${'x'.repeat(250)}`).join(',')
  const odd = [
    '=,=,=',
    'BAD KEY=1',
    'a=1,a=2',
    'a=\u00e4',
    'a=b=c',
    `a=${'x'.repeat(257)}`,
    members(33),
    long,
  ]
  for (const state of odd)
    assert.deepEqual([read(state)?.traceState, read(state)?.traceId], ['', traceId], state)
})
