import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SpanBuffer } from '../../src/telemetry/span-buffer.ts'
import type { SpanGroup } from '../../src/telemetry/span-groups.ts'
import { sampleSpan, spanGroups } from '../support/sample-span.ts'

test('a span leaves within the flush time', async () => {
  const { promise, resolve } = Promise.withResolvers<SpanGroup[]>()
  const buffer = new SpanBuffer({ sink: resolve })
  const start = performance.now()
  const span = sampleSpan()
  buffer.record(span)
  const alive = setTimeout(() => resolve([]), 2000) // the buffer's own timer holds no process
  assert.deepEqual(await promise, spanGroups(span))
  clearTimeout(alive)
  assert.ok(performance.now() - start < 400)
})

for (const [what, spans, leftAt] of [
  ['a span', [1, 0, 0, 0, 0, 0], [200]],
  ['few spans', [63, 63, 63, 63, 0, 0], [200, 400, 600, 800]],
  ['many spans once', [64, 0, 0, 0, 64, 0], [400, 1200]],
  ['many spans, and then few', [100, 60, 60, 60, 0, 0], [400, 600, 800]],
  ['more and more spans', [100, 100, 100, 100, 100, 100], [400, 800, 1200]],
] as const) {
  test(`${what} in each fifth of a second: handed on at ${leftAt.join(', ')} ms`, (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const seen: number[] = []
    let now = 0
    const buffer = new SpanBuffer({ sink: () => void seen.push(now) })
    for (const count of spans) {
      for (let index = 0; index < count; index += 1) buffer.record(sampleSpan())
      now += 200
      context.mock.timers.tick(200)
    }
    assert.deepEqual(seen, leftAt)
  })
}

test('a full batch leaves at once', () => {
  const batches: SpanGroup[][] = []
  const buffer = new SpanBuffer({ sink: (batch) => void batches.push(batch), batchSize: 3 })
  for (let index = 0; index < 7; index += 1) buffer.record(sampleSpan())
  assert.deepEqual(
    batches.map((batch) => batch.reduce((sum, group) => sum + group.count, 0)),
    [3, 3],
  )
})

test('flushing hands on what waits', async () => {
  const batches: SpanGroup[][] = []
  const buffer = new SpanBuffer({ sink: (batch) => void batches.push(batch) })
  buffer.record(sampleSpan())
  await buffer.flush()
  await buffer.flush()
  assert.deepEqual(
    batches.map((batch) => batch.reduce((sum, group) => sum + group.count, 0)),
    [1],
  )
})

test('a sink that does not keep up costs spans, which are counted, and goes on when it does', async () => {
  const taken = Promise.withResolvers<void>()
  const batches: SpanGroup[][] = []
  const sink = (batch: SpanGroup[]) => {
    batches.push(batch)
    return taken.promise
  }
  const buffer = new SpanBuffer({ sink, batchSize: 2, maxWaiting: 5 })
  for (let index = 0; index < 10; index += 1) buffer.record(sampleSpan())
  assert.deepEqual(
    batches.map((batch) => batch.reduce((sum, group) => sum + group.count, 0)),
    [2],
  )
  assert.equal(buffer.dropped, 3)
  taken.resolve()
  await buffer.flush()
  assert.deepEqual(
    batches.map((batch) => batch.reduce((sum, group) => sum + group.count, 0)),
    [2, 5],
  )
})

test('flushing does not wait for ever for a sink that hangs', async () => {
  const buffer = new SpanBuffer({ sink: () => new Promise(() => undefined) })
  buffer.record(sampleSpan())
  const start = performance.now()
  await buffer.flush(50)
  assert.ok(performance.now() - start < 1000)
})

test('a span is the same after a thread border and after JSON, times to the microsecond', () => {
  const span = sampleSpan({ start: 1_795_222_923_000.001, end: 1_795_222_923_000.002 })
  assert.deepEqual(structuredClone(span), span)
  assert.deepEqual(JSON.parse(JSON.stringify(span)), span)
  assert.equal(Math.round((span.end - span.start) * 1000), 1)
})

test('a sink that fails loses its batch and no more', async () => {
  let calls = 0
  const buffer = new SpanBuffer({
    sink: () => {
      calls += 1
      if (calls === 1) throw new Error('closed')
      return calls === 2 ? Promise.reject(new Error('gone')) : undefined
    },
  })
  for (let index = 0; index < 3; index += 1) {
    buffer.record(sampleSpan())
    await buffer.flush()
  }
  assert.equal(calls, 3)
  assert.equal(buffer.dropped, 2)
})

test('a sink that gives back something else than a promise loses nothing', async () => {
  const dropped: number[] = []
  const sink = (() => true) as unknown as () => void
  const buffer = new SpanBuffer({ sink, onDropped: (count) => dropped.push(count) })
  buffer.record(sampleSpan())
  await buffer.flush()
  assert.deepEqual(dropped, [])
})
