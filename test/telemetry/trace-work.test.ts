import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTraceparent } from '../../src/call/trace-context.ts'
import { WeftError } from '../../src/errors.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { traceWork } from '../../src/telemetry/trace-work.ts'

const resource = { service: 'weft-host', hostId: 'N1', hostName: 'oak', isPlatform: true } as const
const parent = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=1' }

function tracer(sampler = () => true) {
  const spans: SpanRecord[] = []
  return { spans, trace: traceWork({ record: (span) => spans.push(span), sampler, resource }) }
}

test('work hangs under the trace that its request carried, and carries it on', async () => {
  const { spans, trace } = tracer()
  const attributes = { 'weft.component.id': 'a' }
  const own = await trace(
    { name: 'component scale', kind: 'server', parent, attributes },
    async (headers) => headers,
  )
  const [span] = spans
  assert.partialDeepStrictEqual(span, {
    name: 'component scale',
    kind: 'server',
    traceId: 'a'.repeat(32),
    parentSpanId: 'b'.repeat(16),
    traceState: 'vendor=1',
    attributes,
    status: { code: 'unset' },
    resource,
  })
  assert.equal(own?.tracestate, 'vendor=1')
  assert.equal(parseTraceparent(own?.traceparent)?.spanId, span?.spanId)
})

test('what the work throws is the failure of its span', async () => {
  const { spans, trace } = tracer()
  const failed = trace({ name: 'compile', kind: 'internal', parent }, async () => {
    throw new WeftError('invalid', 'no component')
  })
  await assert.rejects(failed, /no component/)
  assert.partialDeepStrictEqual(spans[0], {
    status: { code: 'error', message: 'no component' },
    attributes: { 'error.type': 'invalid' },
  })
})

test('without a parent the work is done untraced, unless it begins a trace', async () => {
  const { spans, trace } = tracer()
  assert.equal(await trace({ name: 'x', kind: 'client', parent: undefined }, async (own) => own), undefined)
  const odd = { traceparent: 'nonsense', tracestate: '' }
  assert.equal(await trace({ name: 'x', kind: 'client', parent: odd }, async (own) => own), undefined)
  assert.equal(spans.length, 0)
  const own = await trace(
    { name: 'app deploy', kind: 'client', parent: 'new trace' },
    async (headers) => headers,
  )
  assert.equal(spans[0]?.parentSpanId, undefined)
  assert.equal(parseTraceparent(own?.traceparent)?.sampled, true)
})

test('a trace that is not sampled goes on, and leaves no span', async () => {
  const { spans, trace } = tracer(() => false)
  const own = await trace({ name: 'x', kind: 'client', parent: 'new trace' }, async (headers) => headers)
  assert.equal(parseTraceparent(own?.traceparent)?.sampled, false)
  assert.equal(spans.length, 0)
})
