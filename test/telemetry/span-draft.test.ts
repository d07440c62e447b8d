import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BegunSpan, TraceId } from '../../src/call/trace-context.ts'
import { readScopeSpans } from '../../src/telemetry/read-spans.ts'
import { type SpanDraft, SpanPart } from '../../src/telemetry/span-draft.ts'
import { SpanGroups } from '../../src/telemetry/span-groups.ts'
import { sampleSpan, sampleTraceId, spanGroups } from '../support/sample-span.ts'
import { spanFromDraft } from '../support/span-from-draft.ts'

const { resource } = sampleSpan()
const plain = { sampled: true, traceState: '' }
const part = new SpanPart({ name: 'app/greet greet', kind: 'server', attributes: { a: 1 } })

function draft(wanted: Partial<SpanDraft> = {}): SpanDraft {
  const trace = new BegunSpan(TraceId.new(), plain)
  const start = 1_795_269_307_905.034
  return {
    trace,
    parent: undefined,
    start,
    end: start + 1.5,
    isParentRemote: false,
    part,
    own: [],
    resource,
    ...wanted,
  }
}

test('the bytes of a draft say the same as those of the whole span', () => {
  const outside = TraceId.from(sampleTraceId)
  const parent = new BegunSpan(outside, plain)
  const drafts = [
    draft(),
    draft({ trace: new BegunSpan(outside, { ...plain, traceState: 'x=1' }) }),
    draft({ trace: new BegunSpan(outside, plain), parent }),
    draft({ trace: new BegunSpan(outside, plain), parent: { spanId: parent.spanId }, isParentRemote: true }),
    draft({ trace: new BegunSpan(outside, plain, '00000000ffffffff'), end: 0 }),
    draft({ own: [{ attributes: { b: 'ü'.repeat(200) } }, { status: { code: 'error', message: 'no' } }] }),
    draft({ part: part.with(new SpanPart({ name: 'GET', attributes: { c: true } })) }),
  ]
  for (const one of drafts) {
    const groups = new SpanGroups()
    groups.addDraft(one)
    const read = groups.take().flatMap(({ spans }) => readScopeSpans(spans))
    const whole = spanGroups(spanFromDraft(one)).flatMap(({ spans }) => readScopeSpans(spans))
    assert.deepEqual(read, whole)
    assert.equal(read.length, 1)
  }
})

test('parts that are joined add their attributes up, the later one stands above the earlier one', () => {
  const other = new SpanPart({ name: 'GET', attributes: { a: 2, b: 3 } })
  const joined = part.with(other)
  assert.deepEqual(joined.fields, { name: 'GET', kind: 'server', attributes: { a: 2, b: 3 } })
  assert.equal(part.with(undefined), part)
})

test('a join that was made is found again, however many others there were in between', () => {
  const [one, two] = [new SpanPart({ attributes: { b: 1 } }), new SpanPart({ attributes: { b: 2 } })]
  const first = part.with(one)
  const second = part.with(two)
  assert.equal(part.with(one), first)
  assert.equal(part.with(two), second)
})

test('what a guest says at length is whole in OTLP/JSON too', () => {
  const long = 'x'.repeat(10_000)
  const attributes = { long, many: Array.from({ length: 300 }, (_, index) => `${index}`) }
  const [group] = spanGroups(sampleSpan({ attributes }))
  assert.ok(group)
  const [span] = readScopeSpans(group.spans)
  assert.deepEqual(span?.attributes, attributes)
})
