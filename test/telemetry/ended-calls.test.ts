import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Measurements } from '../../src/telemetry/measurements.ts'
import type { SpanDraft } from '../../src/telemetry/span-draft.ts'
import { type TraceCallsOptions, traceCalls } from '../../src/telemetry/trace-calls.ts'
import { sampleCall } from '../support/sample-call.ts'

const resourceOf = (id: string) => ({ service: id, hostId: 'NHOST', hostName: 'brave-fox' })
/** What makes it worth while to describe calls. */
const enough = 32
const waitMs = 40

/** Makes so many calls, which are over when it settles; time stands still for who waits for it. */
function caller({ mock }: TestContext, options: Partial<TraceCallsOptions> = {}) {
  mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
  const spans: SpanDraft[] = []
  const { server, settle } = traceCalls({
    sampler: () => true,
    resourceOf,
    record: (span) => void spans.push(span),
    ...options,
  })
  const call = server(async () => 'answer')
  return {
    spans,
    settle,
    make: (count: number) => Promise.all(Array.from({ length: count }, () => call(sampleCall()))),
  }
}

test('few calls wait for others, but not for long', async (context) => {
  const { spans, make } = caller(context)
  await make(enough - 1)
  context.mock.timers.tick(waitMs - 1)
  assert.equal(spans.length, 0)
  context.mock.timers.tick(1)
  assert.equal(spans.length, enough - 1)
  await make(1)
  context.mock.timers.tick(waitMs)
  assert.equal(spans.length, enough)
})

test('many do not wait', async (context) => {
  const { spans, make } = caller(context)
  for (const round of [1, 2]) {
    await make(enough)
    // Not in the midst of the last one.
    assert.equal(spans.length, (round - 1) * enough)
    context.mock.timers.tick(0)
    assert.equal(spans.length, round * enough)
  }
})

test('who wants them now has them at once, and those that come after wait anew', async (context) => {
  const { spans, settle, make } = caller(context)
  await make(1)
  context.mock.timers.tick(waitMs - 1)
  settle()
  assert.equal(spans.length, 1)
  await make(1)
  context.mock.timers.tick(waitMs - 1)
  assert.equal(spans.length, 1)
  context.mock.timers.tick(1)
  assert.equal(spans.length, 2)
})

test('a call without a span is measured at once', async (context) => {
  const measurements = new Measurements('data-0', resourceOf)
  const { spans, make } = caller(context, { sampler: () => false, measurements })
  await make(1)
  assert.deepEqual([measurements.take().histograms.length, spans.length], [1, 0])
})

test('an example has the time when its call was over, not when that was described', async (context) => {
  const measurements = new Measurements('data-0', resourceOf)
  const { spans, make } = caller(context, { measurements })
  await make(1)
  context.mock.timers.tick(waitMs)
  const examples = measurements.take().histograms.flatMap(({ state }) => state.exemplars)
  const [example] = examples.filter((one) => one !== undefined)
  assert.ok(example && spans[0])
  assert.equal(example.time, spans[0].end)
})

test('calls that wait keep no process alive', async () => {
  const { server } = traceCalls({ sampler: () => true, resourceOf, record: () => {} })
  const timeouts = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timeouts()
  await server(async () => 'answer')(sampleCall())
  assert.equal(timeouts(), before)
})
