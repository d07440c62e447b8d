import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Call, type CallLimit, chain, type Invoke, type LimitedWithin } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { CallCourse } from '../../src/call/course.ts'
import { limitTime } from '../../src/call/limit-time.ts'
import { formatTraceparent, TraceId } from '../../src/call/trace-context.ts'
import { preciseNow } from '../../src/clock.ts'
import { type ErrorCode, errorCodes, WeftError } from '../../src/errors.ts'
import type { CallSide } from '../../src/telemetry/describe-call.ts'
import { Measurements } from '../../src/telemetry/measurements.ts'
import { samplerFromEnv } from '../../src/telemetry/sampler.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import type { SpanDraft } from '../../src/telemetry/span-draft.ts'
import { type TraceCallsOptions, traceCalls } from '../../src/telemetry/trace-calls.ts'
import { type SampleCall, sampleCall } from '../support/sample-call.ts'
import { spanFromDraft } from '../support/span-from-draft.ts'

const resourceOf = (id: string) => ({ service: id, hostId: 'NHOST', hostName: 'brave-fox' })

/** Traces calls; `options` beside a sampler that takes all and services that are called as their ids. */
function tracer(options: Partial<TraceCallsOptions> = {}) {
  const recorded: SpanRecord[] = []
  const record = (draft: SpanDraft) => void recorded.push(spanFromDraft(draft))
  const { client, server, whole, settle } = traceCalls({
    sampler: () => true,
    resourceOf,
    record,
    ...options,
  })
  return {
    client,
    server,
    whole,
    settle,
    /** What is over by now. */
    get spans(): readonly SpanRecord[] {
      settle()
      return recorded
    },
  }
}

function spanNamed(spans: readonly SpanRecord[], name: string, service?: string): SpanRecord {
  const found = spans.filter((span) => span.name === name && (!service || span.resource.service === service))
  assert.equal(found.length, 1, `one span ${name} of ${service}, got ${found.length}`)
  return found[0] as SpanRecord
}

const request = {
  method: { tag: 'get' },
  pathWithQuery: '/hello?name=x&sig=s3cret',
  scheme: { tag: 'HTTP' },
  authority: 'example.org:8080',
  headers: [['User-Agent', [Buffer.from('curl/8')]]],
}
const get = {
  operation: sampleCall({ interface: 'wrpc:keyvalue/store@0.2.0-draft', function: 'get' }).operation,
  args: [],
}
const httpIn = { interface: 'wrpc:http/incoming-handler@0.1.0', function: 'handle', args: [request] } as const

const increment = {
  operation: sampleCall({ interface: 'wrpc:keyvalue/atomics@0.2.0-draft', function: 'increment' }).operation,
  args: ['counters', 'key', 1n],
}
/** Calls between a component and a provider of one thread, from the component's side. */
type OneThread = Partial<Pick<ReturnType<typeof tracer>, 'whole'>>

/** An HTTP server hands a request to `hello`, and that asks a store: each elsewhere, or with `whole` on one thread. */
function greet({
  client,
  server,
  whole = { client: server, server },
}: Pick<ReturnType<typeof tracer>, 'client' | 'server'> & OneThread): Promise<unknown> {
  const store: Invoke = chain([whole.client], async () => ({ tag: 'ok', val: 7n }))
  const hello: Invoke = chain([whole.server], async (call) => {
    await chain([client], store)(childOf(call, { target: 'kv', ...increment }))
    return { tag: 'ok', val: { status: 200 } }
  })
  const entry = sampleCall({ ...httpIn, source: 'http', target: 'http-server', result: { kind: 'result' } })
  return chain([server], (call) =>
    chain([client], hello)(childOf(call, { target: 'hello', operation: call.operation, args: call.args })),
  )({ ...entry, recipient: 'hello' })
}

/** `kind service name < kind service` of its parent, for each span. */
function treeOf(spans: readonly SpanRecord[]): string[] {
  const line = (span: SpanRecord) => {
    const parent = spans.find((other) => other.spanId === span.parentSpanId)
    const above = parent ? `${parent.kind} ${parent.resource.service}` : '-'
    return `${span.kind} ${span.resource.service} ${span.name} < ${above}`
  }
  return spans.map(line).sort()
}

const enteredAttributes = {
  'http.request.method': 'GET',
  'url.scheme': 'http',
  'server.address': 'example.org',
  'server.port': 8080,
  'user_agent.original': 'curl/8',
  'url.path': '/hello',
  'url.query': 'name=x&sig=REDACTED',
  'http.response.status_code': 200,
}

test('a request through a provider, a component and a store that are apart is one tree of five spans', async () => {
  const traced = tracer()
  const { client, server } = traced
  await greet({ client, server })
  const { spans } = traced
  assert.deepEqual(treeOf(spans), [
    'client hello keyvalue/atomics increment < server hello',
    'client http-server http/incoming-handler handle < server http-server',
    'server hello http/incoming-handler handle < client http-server',
    'server http-server GET < -',
    'server kv keyvalue/atomics increment < client hello',
  ])
  assert.equal(new Set(spans.map((span) => span.traceId)).size, 1)
  assert.deepEqual(spanNamed(spans, 'GET').attributes, enteredAttributes)
  assert.deepEqual(spanNamed(spans, 'keyvalue/atomics increment', 'hello').attributes, {
    'rpc.system.name': 'wrpc',
    'rpc.method': 'wrpc:keyvalue/atomics/increment',
    'weft.target': 'kv',
    'db.system.name': 'wasi-keyvalue',
    'db.operation.name': 'increment',
    'db.namespace': 'counters',
  })
})

test('on one thread, a request through a provider, a component and a store is one tree of three spans', async () => {
  const services = (id: string) => ({ ...resourceOf(id), service: `the-${id}` })
  const traced = tracer({ runsHere: (id) => id === 'hello', resourceOf: services })
  await greet(traced)
  const { spans } = traced
  assert.deepEqual(treeOf(spans), [
    'client the-hello keyvalue/atomics increment < internal the-hello',
    'internal the-hello http/incoming-handler handle < server the-hello',
    'server the-hello GET < -',
  ])
  assert.equal(new Set(spans.map((span) => span.traceId)).size, 1)
  assert.deepEqual(spanNamed(spans, 'GET').attributes, enteredAttributes)
  assert.deepEqual(spanNamed(spans, 'http/incoming-handler handle').attributes, {
    'weft.source': 'http-server',
    'http.response.status_code': 200,
  })
  assert.deepEqual(spanNamed(spans, 'keyvalue/atomics increment').attributes, {
    'weft.target': 'kv',
    'service.peer.name': 'the-kv',
    'db.system.name': 'wasi-keyvalue',
    'db.operation.name': 'increment',
    'db.namespace': 'counters',
  })
  const [asked, handled, entered] = ['keyvalue/atomics increment', 'http/incoming-handler handle', 'GET'].map(
    (name) => spanNamed(spans, name),
  )
  assert.ok(asked && handled && entered)
  assert.ok(entered.start <= handled.start && handled.start <= asked.start)
  assert.ok(asked.end <= handled.end && handled.end <= entered.end)
})

test('what enters by one provider for two components belongs to each of them', async () => {
  const traced = tracer({ runsHere: () => true })
  const entry = sampleCall({ ...httpIn, source: 'http', target: 'http-server' })
  for (const recipient of ['hello', 'world', 'hello'])
    await traced.server(async () => undefined)({ ...entry, course: new CallCourse(), recipient })
  assert.deepEqual(
    traced.spans.map((span) => span.resource.service),
    ['hello', 'world', 'hello'],
  )
})

test('a call that is traced on both of its sides has two spans', async () => {
  const traced = tracer({ runsHere: () => true })
  const { client, server } = traced
  await chain([client, server], async () => ({ tag: 'ok' }))(sampleCall({ ...get, source: 'one' }))
  const { spans } = traced
  assert.deepEqual(treeOf(spans), [
    'client one app/greet greet < -',
    'server callee app/greet greet < client one',
  ])
  const [one, other] = spans
  assert.deepEqual([one?.start, one?.end], [other?.start, other?.end], 'which begin and end at once')
})

/** A call between a component `guest` and a provider `host` of one thread. */
const isGuest = (id: string) => id === 'guest'
const toProvider = { source: 'guest', target: 'host' }
const toComponent = { source: 'host', target: 'guest' }

test('a call that comes to the thread with a provider from elsewhere leaves its span of the provider', async () => {
  const traced = tracer({ runsHere: isGuest })
  await traced.server(async () => undefined)(sampleCall(toProvider))
  await traced.client(async () => undefined)(sampleCall(toProvider))
  assert.partialDeepStrictEqual(traced.spans, [
    { kind: 'server', resource: { service: 'host' }, attributes: { 'weft.source': 'guest' } },
    { kind: 'client', resource: { service: 'guest' }, attributes: { 'weft.target': 'host' } },
  ])
})

test('on one thread, a call by an interface that no convention names stays an RPC', async () => {
  const traced = tracer({ runsHere: isGuest })
  const { client, whole } = traced
  const blobs = { interface: 'wrpc:blobstore/blobstore@0.2.0-draft', function: 'get-container-data' }
  const context = { linkName: 'archive' }
  const through = (side: CallSide) => chain([client, whole[side]], async () => undefined)
  await through('client')(sampleCall({ ...toProvider, ...blobs, context }))
  await through('server')(sampleCall({ ...toComponent, ...blobs }))
  const rpc = {
    'rpc.system.name': 'wrpc',
    'rpc.method': 'wrpc:blobstore/blobstore/get-container-data',
  }
  assert.deepEqual(
    traced.spans.map(({ kind, name, attributes }) => ({ kind, name, attributes })),
    [
      {
        kind: 'client',
        name: 'blobstore/blobstore get-container-data',
        attributes: { ...rpc, 'weft.link': 'archive', 'weft.target': 'host', 'service.peer.name': 'host' },
      },
      {
        kind: 'internal',
        name: 'blobstore/blobstore get-container-data',
        attributes: { ...rpc, 'weft.source': 'host' },
      },
    ],
  )
})

test('on one thread, a request that leaves is named and described as HTTP has it', async () => {
  const traced = tracer({ runsHere: isGuest })
  const out = { interface: 'wrpc:http/outgoing-handler@0.1.0', function: 'handle', args: [request] }
  const through = chain([traced.client, traced.whole.client], async () => ({
    tag: 'ok',
    val: { status: 404 },
  }))
  await through(sampleCall({ ...toProvider, ...out, result: { kind: 'result' } }))
  assert.deepEqual(treeOf(traced.spans), ['client guest GET < -'])
  assert.deepEqual(traced.spans[0]?.attributes, {
    'weft.target': 'host',
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'server.address': 'example.org',
    'server.port': 8080,
    'user_agent.original': 'curl/8',
    'url.full': 'http://example.org:8080/hello?name=x&sig=REDACTED',
    'http.response.status_code': 404,
    'error.type': '404',
  })
  assert.deepEqual(traced.spans[0].status, { code: 'error' })
})

test('on one thread, a change of a key is told by one span under that of what entered', async () => {
  const traced = tracer({ runsHere: isGuest })
  const { client, server, whole } = traced
  const onSet = sampleCall({
    interface: 'wrpc:keyvalue/watcher@0.2.0-draft',
    function: 'on-set',
    args: ['bucket', 'key', 'value'],
    source: 'nats',
    target: 'host',
  })
  await server((entered) =>
    chain([client, whole.server], async () => undefined)(childOf(entered, { ...onSet, target: 'guest' })),
  )({ ...onSet, recipient: 'guest' })
  assert.deepEqual(treeOf(traced.spans), [
    'internal guest keyvalue/watcher on-set < server guest',
    'server guest keyvalue/watcher on-set < -',
  ])
  const attributes = new Map(traced.spans.map((span) => [span.kind, span.attributes]))
  assert.deepEqual(attributes.get('internal'), { 'weft.source': 'host' })
  assert.deepEqual(attributes.get('server'), {
    'db.system.name': 'wasi-keyvalue',
    'db.operation.name': 'on-set',
    'db.namespace': 'bucket',
    'weft.source': 'nats',
    'rpc.system.name': 'wrpc',
    'rpc.method': 'wrpc:keyvalue/watcher/on-set',
  })
})

test('a call that fails on one thread is an error of its one span, whichever way it went', async () => {
  for (const [way, side, kind] of [
    [toProvider, 'client', 'client'],
    [toComponent, 'server', 'internal'],
  ] as const) {
    const traced = tracer({ runsHere: isGuest })
    const failure = new WeftError('trapped', 'unreachable')
    const through = chain([traced.client, traced.whole[side]], () => Promise.reject(failure))
    await assert.rejects(through(sampleCall(way)), (thrown) => thrown === failure)
    assert.equal(traced.spans.length, 1)
    assert.partialDeepStrictEqual(traced.spans[0], {
      kind,
      resource: { service: 'guest' },
      status: { code: 'error', message: 'unreachable' },
      attributes: { 'error.type': 'trapped' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'trapped' } }],
    })
  }
})

test('on one thread a WIT err is an error to a component that calls, and a mark to one that is called', async () => {
  const ended = async (way: SampleCall, side: CallSide) => {
    const traced = tracer({ runsHere: isGuest })
    const through = chain([traced.client, traced.whole[side]], async () => ({
      tag: 'err',
      val: 'disk is full',
    }))
    await through(sampleCall({ ...way, result: { kind: 'result', err: { kind: 'string' } } }))
    return traced.spans.map(({ status, attributes }) => [
      status,
      attributes['weft.result'],
      attributes['error.type'],
    ])
  }
  assert.deepEqual(await ended(toProvider, 'client'), [
    [{ code: 'error', message: 'disk is full' }, 'err', 'err'],
  ])
  assert.deepEqual(await ended(toComponent, 'server'), [[{ code: 'unset' }, 'err', 'err']])
})

test('on one thread HTTP 503 is an error of the component, 404 is none', async () => {
  const ended = async (status: number) => {
    const traced = tracer({ runsHere: isGuest })
    const through = chain([traced.client, traced.whole.server], async () => ({ tag: 'ok', val: { status } }))
    await through(sampleCall({ ...httpIn, ...toComponent, result: { kind: 'result' } }))
    return traced.spans.map(({ kind, status: { code }, attributes }) => [
      kind,
      code,
      attributes['error.type'],
      attributes['http.response.status_code'],
    ])
  }
  assert.deepEqual(await ended(503), [['internal', 'error', '503', 503]])
  assert.deepEqual(await ended(404), [['internal', 'unset', undefined, 404]])
})

test('all that a call on one thread waited for is under its one span', async () => {
  const traced = tracer({ runsHere: isGuest })
  const start = preciseNow()
  const times = { start, end: start + 3 }
  const through = chain([traced.client, traced.whole.server], async ({ course }) => {
    course.record({ name: 'woken', ...times })
    course.record({ name: 'queued', ...times })
    course.record({ name: 'instantiated', ...times })
    course.record({ name: 'queued', start, end: start + 0.04 })
    course.record({ name: 'imported', label: 'config/store get', under: undefined, ...times })
  })
  await through(sampleCall(toComponent))
  assert.deepEqual(treeOf(traced.spans), [
    'internal guest app/greet greet < -',
    'internal guest config/store get < internal guest',
    'internal guest instantiate < internal guest',
    'internal guest queued < internal guest',
    'internal guest woken < internal guest',
  ])
})

test('what a provider on the thread asks of its backend is its own span under that of the component', async () => {
  const traced = tracer({ runsHere: isGuest })
  const start = preciseNow()
  const times = { start, end: start + 0.01 }
  await chain([traced.client, traced.whole.client], async ({ course }) => {
    const redis = { name: 'backend', kind: 'database', system: 'redis', operation: 'GET' } as const
    course.record({ ...redis, ...times, server: { address: '127.0.0.1', port: 6379 } })
    const nats = { name: 'backend', kind: 'messaging', system: 'nats', operation: 'publish' } as const
    course.record({ ...nats, ...times, destination: 'orders.new' })
    course.record({ name: 'queued', ...times, end: start + 1 })
  })(sampleCall({ ...toProvider, ...get }))
  assert.deepEqual(treeOf(traced.spans), [
    'client guest app/greet greet < -',
    'client host GET 127.0.0.1:6379 < client guest',
    'internal guest queued < client guest',
    'producer host publish < client guest',
  ])
})

test('what a provider asks of its backend for what entered is its own span under that of the component', async () => {
  const traced = tracer({ runsHere: isGuest })
  const start = preciseNow()
  await traced.server(async ({ course }) => {
    const nats = { name: 'backend', kind: 'messaging', system: 'nats', operation: 'publish' } as const
    course.record({ ...nats, start, end: start + 1, destination: 'orders.new' })
  })({ ...sampleCall({ source: 'nats', target: 'host' }), recipient: 'guest' })
  assert.deepEqual(treeOf(traced.spans), [
    'producer host publish < server guest',
    'server guest app/greet greet < -',
  ])
})

test('the one span of a call on one thread ends when the held body does', async () => {
  const traced = tracer({ runsHere: isGuest })
  const body = Promise.withResolvers<void>()
  await chain([traced.client, traced.whole.client], async ({ course }) => course.hold(body.promise))(
    sampleCall(toProvider),
  )
  assert.equal(traced.spans.length, 0)
  const released = preciseNow()
  body.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(treeOf(traced.spans), ['client guest app/greet greet < -'])
  assert.ok(Number(traced.spans[0]?.end) >= released)
})

/** What `greet` and a failure measure, in any order: with one span for a call of a thread, or with two. */
async function measuredOf(spansOfCall: 'one span' | 'two spans', options: Partial<TraceCallsOptions> = {}) {
  const measurements = new Measurements('data-0', resourceOf)
  const traced = tracer({ ...options, measurements })
  const { client, server } = traced
  const whole = spansOfCall === 'one span' ? traced.whole : { client: server, server }
  await greet({ client, server, whole })
  await greet({ client, server, whole })
  const start = preciseNow()
  const wait = { start, end: start + 3 }
  const backend = { name: 'backend', kind: 'database', system: 'redis', operation: 'GET', ...wait } as const
  const failing: Invoke = async ({ course }) => {
    for (const name of ['queued', 'instantiated', 'woken'] as const) course.record({ name, ...wait })
    course.record(backend)
    throw new WeftError('exhausted', 'no room')
  }
  const toHello = sampleCall({ source: 'http-server', target: 'hello' })
  const toStore = sampleCall({ source: 'hello', target: 'kv' })
  await assert.rejects(chain([client, whole.server], failing)(toHello))
  await assert.rejects(chain([client, whole.client], failing)(toStore))
  await chain([client, whole.client], async () => ({ tag: 'err' }))(
    sampleCall({ source: 'hello', target: 'kv', result: { kind: 'result' } }),
  )
  const { spans } = traced
  const taken = measurements.take()
  assert.deepEqual(measurements.take().histograms, [])
  return { spans, taken }
}

function linesOf({ taken }: Awaited<ReturnType<typeof measuredOf>>): string[] {
  return taken.histograms
    .map(({ metric, state }) => `${metric} ${Object.values(state.labels).join(' ')}: ${state.count}`)
    .sort()
}

test('a call of one span is measured for both of its sides, as one of two is', async () => {
  const one = await measuredOf('one span')
  const two = await measuredOf('two spans')
  assert.deepEqual(linesOf(one), linesOf(two))
  assert.deepEqual(
    linesOf(one).filter((line) => line.startsWith('callDuration')),
    [
      'callDuration hello demo:app/greet greet client err: 1',
      'callDuration hello demo:app/greet greet client exhausted: 1',
      'callDuration hello demo:app/greet greet server exhausted: 1',
      'callDuration hello wrpc:http/incoming-handler handle server ok: 2',
      'callDuration hello wrpc:keyvalue/atomics increment client ok: 2',
      'callDuration http-server demo:app/greet greet client exhausted: 1',
      'callDuration http-server wrpc:http/incoming-handler handle client ok: 2',
      'callDuration http-server wrpc:http/incoming-handler handle server ok: 2',
      'callDuration kv demo:app/greet greet server err: 1',
      'callDuration kv demo:app/greet greet server exhausted: 1',
      'callDuration kv wrpc:keyvalue/atomics increment server ok: 2',
    ],
  )
  assert.deepEqual(Object.keys(one.taken.makers).sort(), ['hello', 'http-server', 'kv'])
  const unsampled = await measuredOf('one span', { sampler: () => false })
  assert.deepEqual(linesOf(unsampled), linesOf(two))
  assert.equal(unsampled.spans.length, 0)
})

test('calls between the same two are measured rightly, some of one span and some of two', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const traced = tracer({ measurements })
  const { client, whole } = traced
  const elsewhere = chain([client], async () => undefined)
  const here = chain([client, whole.client], async () => undefined)
  for (const invoke of [elsewhere, here, elsewhere, here, here])
    await invoke(sampleCall({ ...toProvider, ...get }))
  traced.settle()
  const counts = { client: 0, server: 0 }
  for (const { state } of measurements.take().histograms)
    counts[state.labels['side'] === 'client' ? 'client' : 'server'] += state.count
  assert.deepEqual(counts, { client: 5, server: 3 })
})

test('a call that is over is forgotten by what limits it, and by its course', async () => {
  const ends = [async () => 'answer', () => Promise.reject(new Error('no'))]
  const unsampled = { sampler: () => false, measurements: new Measurements('data-0', resourceOf) }
  for (const [end, options] of ends.flatMap((end) => [{}, unsampled].map((each) => [end, each] as const))) {
    const traced = tracer({ runsHere: isGuest, ...options })
    const watched: LimitedWithin[] = []
    const limit: CallLimit = {
      deadline: Number.POSITIVE_INFINITY,
      watch: (call) => void watched.push(call),
      forget: (call) => void watched.splice(watched.indexOf(call), 1),
    }
    const call = { ...sampleCall(toProvider), limit }
    const running = chain([traced.client, traced.whole.client], end)(call)
    assert.equal(watched.length, 1)
    assert.ok(call.course.leaving)
    await running.catch(() => {})
    assert.deepEqual([watched, call.course.leaving], [[], undefined])
  }
})

test('a call that is limited on its way is forgotten by what it was made within', async () => {
  const { client, server } = tracer()
  const outer = limitTime()
  await outer(async (within) => {
    const child = childOf(within, { ...get, target: 'kv' })
    const sooner = { ...child, context: { ...child.context, deadline: preciseNow() + 10_000 } }
    await chain([client, limitTime(), server], async () => 'answer')(sooner)
    // Only what a limit watches has others beside it.
    const later = childOf(within, { ...get, target: 'kv' })
    later.course.leaves(later, { over() {} })
    assert.equal(later.course.outer, undefined)
  })(sampleCall())
})

test('what is held after a call is over changes nothing about it', async () => {
  const traced = tracer()
  const call = sampleCall()
  await chain([traced.server], async () => 'answer')(call)
  const { end } = call.course
  assert.equal(typeof end, 'number')
  call.course.hold(Promise.reject(new Error('too late')))
  await call.course.held
  const [span] = traced.spans
  assert.deepEqual([span?.status.code, span?.end], ['unset', end])
})

test('the id of a trace that begins is one for which the sampler decides the same', async () => {
  const sampler = samplerFromEnv({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' })
  const traced = tracer({ sampler })
  const decided = new Set<boolean>()
  for (let count = 0; count < 100; count += 1) {
    const call = sampleCall()
    await chain([traced.server], async () => 'answer')(call)
    const { trace = assert.fail('it goes on under a span') } = call.context
    assert.equal(sampler(TraceId.from(trace.traceId).third, undefined), trace.sampled)
    decided.add(trace.sampled)
  }
  assert.equal(decided.size, 2)
})

test('both sides of a call of one span have it as their example', async () => {
  const { spans, taken } = await measuredOf('one span')
  const examples = taken.histograms
    .filter(({ state }) => state.labels['operation'] === 'increment')
    .map(({ state }) => state.exemplars.flatMap((one) => (one ? [one.spanId] : [])))
  const asked = spans.filter((span) => span.name === 'keyvalue/atomics increment')
  assert.equal(examples.length, 2)
  assert.deepEqual(examples[0], examples[1])
  assert.ok(examples.flat().every((id) => asked.some(({ spanId }) => spanId === id)))
})

test('a call that is known to have begun earlier has its span from then, on both sides', async () => {
  const traced = tracer()
  const { client, server } = traced
  const begun = preciseNow() - 1000
  const child = childOf(sampleCall(), { ...get, target: 'kv', begun })
  await chain([client, server], async () => undefined)(child)
  assert.deepEqual(
    traced.spans.map(({ start }) => start),
    [begun, begun],
  )
})

test('of a trace that is not sampled everything goes on under one span, and the sampler is asked once', async () => {
  let asked = 0
  const traced = tracer({
    measurements: new Measurements('data-0', resourceOf),
    sampler: () => {
      asked += 1
      return false
    },
  })
  const { client, server } = traced
  const contexts: Call['context'][] = []
  const last: Invoke = async ({ context }) => void contexts.push(context)
  await server((entered) => {
    contexts.push(entered.context)
    return chain([client, server], last)(childOf(entered, { ...get, target: 'kv' }))
  })(sampleCall())
  const [first, second] = contexts.map(({ trace }) => trace && formatTraceparent(trace))
  assert.match(first ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  assert.equal(second, first)
  assert.equal(asked, 1)
  assert.deepEqual(traced.spans, [])
})

test('the same call goes on, under its own span', async () => {
  const traced = tracer()
  const { client } = traced
  const call = sampleCall({
    context: {
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: 'x=1' },
      baggage: 'k=v',
    },
  })
  const before = structuredClone(call.context)
  const seen = await client(async (passed) => passed)(call)
  assert.equal(seen, call)
  const [span] = traced.spans
  const { trace } = call.context
  assert.ok(trace)
  assert.deepEqual({ ...call.context, trace: undefined }, { ...before, trace: undefined })
  assert.equal(formatTraceparent(trace), `00-${'a'.repeat(32)}-${span?.spanId}-01`)
  assert.equal(trace.traceState, 'x=1')
  assert.equal(span?.parentSpanId, 'b'.repeat(16))
  assert.equal(span?.traceState, 'x=1')
})

test('a call of an unsampled trace leaves no span, and goes on as it came', async () => {
  const traced = tracer({ sampler: samplerFromEnv({}) })
  const { client } = traced
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false, traceState: 'x=1' }
  const call = sampleCall({ context: { trace } })
  await client(async () => 'answer')(call)
  assert.equal(traced.spans.length, 0)
  const { trace: seen = assert.fail('it goes on under a span') } = call.context
  assert.deepEqual([formatTraceparent(seen), seen.traceState], [formatTraceparent(trace), 'x=1'])
})

test('200 interleaved calls keep their own parents', async () => {
  const traced = tracer()
  const { client, server } = traced
  const tick = () => new Promise((resolve) => setTimeout(resolve, Math.random() * 10))
  const leaf: Invoke = chain([client, server], tick)
  const middle: Invoke = chain([client, server], async (call) => {
    await tick()
    const below = (target: string) =>
      leaf(childOf(call, { target, operation: call.operation, args: call.args }))
    await Promise.all([below(`${call.target}-left`), below(`${call.target}-right`)])
    await tick()
  })
  await Promise.all(Array.from({ length: 200 }, (_, index) => middle(sampleCall({ target: `c${index}` }))))

  assert.equal(traced.spans.length, 200 * 6)
  const byId = new Map(traced.spans.map((span) => [span.spanId, span]))
  assert.equal(byId.size, traced.spans.length)
  for (const span of traced.spans) {
    const parent = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)
    assert.equal(span.traceId, parent?.traceId ?? span.traceId)
    if (span.kind === 'server') assert.equal(parent?.kind, 'client')
    if (span.kind === 'client' && parent) assert.equal(parent.resource.service, span.resource.service)
    if (span.resource.service.includes('-')) {
      const client = parent
      const above = client?.parentSpanId === undefined ? undefined : byId.get(client.parentSpanId)
      assert.ok(above && span.resource.service.startsWith(`${above.resource.service}-`))
    }
  }
  assert.equal(new Set(traced.spans.map((span) => span.traceId)).size, 200)
})

for (const code of errorCodes) {
  test(`a call that fails as ${code} has an error span that says so, and fails the same`, async () => {
    const traced = tracer()
    const { server } = traced
    const failure = new WeftError(code satisfies ErrorCode, `it was ${code}`)
    await assert.rejects(
      server(async () => {
        throw failure
      })(sampleCall()),
      (thrown) => thrown === failure,
    )
    assert.partialDeepStrictEqual(traced.spans[0], {
      status: { code: 'error', message: `it was ${code}` },
      attributes: { 'error.type': code },
      events: [
        { name: 'exception', attributes: { 'exception.type': code, 'exception.message': `it was ${code}` } },
      ],
    })
  })
}

test('a request over HTTP that fails has the status that its client sees', async () => {
  const open = { headersSent: false, statusCode: 200, destroyed: false }
  const cases = [
    [open, new WeftError('trapped', 'no'), 500, 'error'],
    [open, new WeftError('deadline', 'no'), 504, 'error'],
    [open, new WeftError('denied', 'no'), 403, 'unset'],
    [open, new WeftError('exhausted', 'no', { limit: 'request-body' }), 413, 'unset'],
    [{ ...open, headersSent: true, destroyed: true }, new WeftError('trapped', 'no'), 200, 'error'],
    [{ ...open, destroyed: true }, new WeftError('cancelled', 'no'), undefined, 'error'],
  ] as const
  for (const [response, failure, status, code] of cases) {
    const traced = tracer()
    const call = sampleCall()
    const head = { ...response }
    call.course.response = head
    await assert.rejects(traced.server(() => Promise.reject(failure))(call))
    // Whoever sends the status does so before the event loop's turn is over.
    if (!head.destroyed) Object.assign(head, { headersSent: true, statusCode: status })
    const [span] = traced.spans
    assert.equal(span?.attributes['http.response.status_code'], status)
    assert.equal(span?.attributes['error.type'], failure.code)
    assert.equal(span?.status.code, code)
  }
})

for (const [how, spans] of [
  [
    'two spans',
    [
      ['client', 'guest', 'deadline'],
      ['server', 'guest', 'deadline'],
      ['server', 'store', 'deadline'],
    ],
  ],
  [
    'one span',
    [
      ['client', 'guest', 'deadline'],
      ['server', 'guest', 'deadline'],
    ],
  ],
] as const) {
  test(`a call whose callee does not look when it is given up ends with the call that it belongs to, as ${how}`, async () => {
    const traced = tracer()
    const around = how === 'one span' ? traced.whole.client : traced.server
    const limit = limitTime()
    const store = chain([around, limit], () => new Promise(() => {}))
    const invoke = chain([traced.client, limit], store)
    const guest = chain([traced.server, limit], (call) => invoke(childOf(call, { ...get, target: 'store' })))
    const { context, ...call } = sampleCall({ target: 'guest' })
    await assert.rejects(guest({ ...call, context: { ...context, deadline: Date.now() + 20 } }), {
      code: 'deadline',
    })
    assert.deepEqual(
      traced.spans
        .map(({ kind, resource, attributes }) => [kind, resource.service, attributes['error.type']])
        .sort(),
      spans,
    )
  })
}

test('a call without a span is measured, too, when what it belongs to is given up and its callee does not look', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const { client, whole } = tracer({ sampler: () => false, measurements })
  const limit = limitTime()
  const store = chain([whole.client, limit], () => new Promise(() => {}))
  const guest = limit((call) => chain([client, limit], store)(childOf(call, { ...get, target: 'store' })))
  const call = sampleCall()
  const context = { ...call.context, deadline: preciseNow() + 20 }
  await assert.rejects(guest({ ...call, context }), { code: 'deadline' })
  const outcomes = measurements.take().histograms.map(({ state }) => [state.labels['outcome'], state.count])
  assert.deepEqual(outcomes, [
    ['deadline', 1],
    ['deadline', 1],
  ])
})

test('a WIT err is an error to the caller and a mark to the callee', async () => {
  const traced = tracer()
  const { client, server } = traced
  const result = {
    kind: 'result',
    err: { kind: 'variant', cases: [{ name: 'no-such-store' }, { name: 'other', type: { kind: 'string' } }] },
  } as const
  await chain([client, server], async () => ({ tag: 'err', val: { tag: 'other', val: 'disk is full' } }))(
    sampleCall({ result }),
  )
  assert.partialDeepStrictEqual(
    traced.spans.map(({ kind, status, attributes }) => ({ kind, status, attributes })),
    [
      {
        kind: 'server',
        status: { code: 'unset' },
        attributes: { 'weft.result': 'err', 'error.type': 'other' },
      },
      {
        kind: 'client',
        status: { code: 'error', message: 'other: disk is full' },
        attributes: { 'weft.result': 'err', 'error.type': 'other' },
      },
    ],
  )
})

test('an err whose text a guest made up is not a label', async () => {
  const traced = tracer()
  const { client } = traced
  const result = { kind: 'result', err: { kind: 'string' } } as const
  await client(async () => ({ tag: 'err', val: 'user 4711 is unknown' }))(sampleCall({ result }))
  assert.equal(traced.spans[0]?.attributes['error.type'], 'err')
  assert.equal(traced.spans[0]?.status.message, 'user 4711 is unknown')
})

test('a value that only looks like an err is an answer', async () => {
  const traced = tracer()
  const { client } = traced
  await client(async () => ({ tag: 'err' }))(
    sampleCall({ result: { kind: 'variant', cases: [{ name: 'err' }] } }),
  )
  assert.equal(traced.spans[0]?.status.code, 'unset')
})

test('HTTP 503 is an error, 404 is none to a server and one to a client', async () => {
  const answer = async (status: number, wanted: Parameters<typeof sampleCall>[0], side: CallSide) => {
    const traced = tracer()
    const call = sampleCall({ ...wanted, args: [request], result: { kind: 'result' } })
    await traced[side](async () => ({ tag: 'ok', val: { status } }))(call)
    const [span] = traced.spans
    return [
      span?.name,
      span?.status.code,
      span?.attributes['error.type'],
      span?.attributes['http.response.status_code'],
    ]
  }
  const entry = { ...httpIn, source: 'http' }
  const out = { interface: 'wrpc:http/outgoing-handler@0.1.0', function: 'handle' }
  assert.deepEqual(await answer(503, entry, 'server'), ['GET', 'error', '503', 503])
  assert.deepEqual(await answer(404, entry, 'server'), ['GET', 'unset', undefined, 404])
  assert.deepEqual(await answer(404, out, 'client'), ['GET', 'error', '404', 404])
  assert.deepEqual(await answer(503, httpIn, 'server'), ['http/incoming-handler handle', 'error', '503', 503])
})

test('where paths are routed, the route names the span', async () => {
  const traced = tracer()
  const { server } = traced
  await server(async () => undefined)({ ...sampleCall({ ...httpIn, source: 'http' }), route: '/hello/*' })
  assert.equal(traced.spans[0]?.name, 'GET /hello/*')
  assert.equal(traced.spans[0]?.attributes['http.route'], '/hello/*')
})

test('a method that nobody knows keeps names few', async () => {
  const traced = tracer()
  const { server } = traced
  const odd = { method: { tag: 'other', val: 'BREW' }, pathWithQuery: undefined }
  await server(async () => undefined)(sampleCall({ ...httpIn, source: 'http', args: [odd] }))
  assert.equal(traced.spans[0]?.name, 'HTTP')
  assert.partialDeepStrictEqual(traced.spans[0]?.attributes, {
    'http.request.method': '_OTHER',
    'http.request.method_original': 'BREW',
    'url.path': '/',
  })
})

const message = { subject: 'orders.new', body: Buffer.from('secret'), replyTo: undefined }
const handleMessage = {
  interface: 'wasmcloud:messaging/handler@0.2.0',
  function: 'handle-message',
  args: [message],
  result: { kind: 'result' } as const,
}

test('calls to and from a messaging provider are RPC that names the message, and bodies stay out', async () => {
  const traced = tracer()
  const { client, server } = traced
  const publish = { interface: 'wasmcloud:messaging/consumer@0.2.0', function: 'publish', args: [message] }
  await client(async () => undefined)(sampleCall(publish))
  await server(async () => undefined)(sampleCall(handleMessage))
  assert.deepEqual(
    traced.spans.map((span) => [span.kind, span.name, span.attributes['messaging.destination.name']]),
    [
      ['client', 'messaging/consumer publish', 'orders.new'],
      ['server', 'messaging/handler handle-message', 'orders.new'],
    ],
  )
  assert.equal(traced.spans[0]?.attributes['messaging.message.body.size'], 6)
  assert.doesNotMatch(JSON.stringify(traced.spans), /secret/)
})

test('a message that enters is consumed under its subscription, linked to the span that sent it', async () => {
  const traced = tracer()
  const { client, server } = traced
  const sentUnder = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: '' }
  const origin = { system: 'nats', subscription: 'orders.*', group: 'workers', sentUnder }
  const entering = { ...sampleCall({ ...handleMessage, context: { trace: sentUnder } }), message: origin }
  await server(async (call) => {
    await client(async () => undefined)(childOf(call, { ...call, target: 'packer' }))
    return { tag: 'err', val: 'no' }
  })(entering)
  const [handed, entered] = traced.spans
  assert.partialDeepStrictEqual(entered, {
    kind: 'consumer',
    name: 'process orders.*',
    parentSpanId: sentUnder.spanId,
  })
  assert.deepEqual(entered?.attributes, {
    'messaging.system.name': 'nats',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'orders.new',
    'messaging.destination.template': 'orders.*',
    'messaging.consumer.group.name': 'workers',
    'messaging.message.body.size': 6,
    'weft.result': 'err',
    'error.type': 'err',
  })
  assert.deepEqual(entered.status, { code: 'error', message: 'no' })
  assert.partialDeepStrictEqual(entered.links, [{ traceId: sentUnder.traceId, spanId: sentUnder.spanId }])
  assert.deepEqual([handed?.kind, handed?.links, handed?.parentSpanId], ['client', [], entered.spanId])
})

test('on one thread, a message goes from the span that consumes it to one of the component', async () => {
  const traced = tracer({ runsHere: (id) => id === 'stock' })
  const { client, server, whole } = traced
  const publish = {
    operation: sampleCall({ interface: 'wasmcloud:messaging/consumer@0.2.0', function: 'publish' }).operation,
    args: [message],
  }
  const nats = chain([client, whole.client], async () => ({ tag: 'ok' }))
  const stock = chain([client, whole.server], async (call) => {
    await nats(childOf(call, { ...publish, target: 'nats' }))
    return { tag: 'err', val: 'no' }
  })
  const entering = sampleCall({ ...handleMessage, source: 'broker', target: 'nats' })
  await server((call) => stock(childOf(call, { ...entering, target: 'stock' })))({
    ...entering,
    recipient: 'stock',
    message: { system: 'nats', subscription: 'orders.*', group: undefined, sentUnder: undefined },
  })
  assert.deepEqual(treeOf(traced.spans), [
    'client stock messaging/consumer publish < internal stock',
    'consumer stock process orders.* < -',
    'internal stock messaging/handler handle-message < consumer stock',
  ])
  const handled = spanNamed(traced.spans, 'messaging/handler handle-message')
  assert.deepEqual(handled.attributes, {
    'weft.source': 'nats',
    'weft.result': 'err',
    'error.type': 'err',
  })
  assert.deepEqual([handled.status, handled.links], [{ code: 'unset' }, []])
  assert.deepEqual(spanNamed(traced.spans, 'messaging/consumer publish').attributes, {
    'messaging.system.name': 'wasmcloud-messaging',
    'messaging.destination.name': 'orders.new',
    'messaging.message.body.size': 6,
    'messaging.operation.name': 'publish',
    'messaging.operation.type': 'send',
    'weft.target': 'nats',
    'service.peer.name': 'nats',
  })
  assert.equal(spanNamed(traced.spans, 'process orders.*').status.code, 'error')
})

test('what a provider asks of its backend is a span of its own', async () => {
  const traced = tracer()
  const { server } = traced
  const start = preciseNow()
  const times = { start, end: start + 1 }
  const at = { address: '127.0.0.1', port: 6379 }
  await server(async (call) => {
    const redis = { name: 'backend', kind: 'database', system: 'redis', operation: 'MGET' } as const
    call.course.record({
      ...redis,
      ...times,
      destination: '0',
      batchSize: 2,
      server: at,
      failure: 'it is away',
    })
    const nats = { name: 'backend', kind: 'messaging', system: 'nats', operation: 'publish' } as const
    call.course.record({ ...nats, ...times, destination: '_INBOX.x', bodySize: 3, spanId: 'c'.repeat(16) })
  })(sampleCall())
  const [served, asked, sent] = traced.spans
  assert.deepEqual(
    [asked?.kind, asked?.name, asked?.parentSpanId],
    ['client', 'MGET 127.0.0.1:6379', served?.spanId],
  )
  assert.deepEqual(asked?.status, { code: 'error', message: 'it is away' })
  assert.partialDeepStrictEqual(asked?.attributes, {
    'db.system.name': 'redis',
    'db.operation.name': 'MGET',
    'db.namespace': '0',
    'db.operation.batch.size': 2,
    'server.address': '127.0.0.1',
    'server.port': 6379,
  })
  assert.deepEqual([sent?.kind, sent?.name, sent?.spanId], ['producer', 'publish', 'c'.repeat(16)])
  assert.partialDeepStrictEqual(sent?.attributes, {
    'messaging.destination.name': '_INBOX.x',
    'messaging.destination.temporary': true,
  })
})

test('what the backend took is measured by system, operation and error, sampled or not', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const { server } = traceCalls({
    sampler: () => false,
    resourceOf,
    record: () => {},
    measurements,
  })
  const start = preciseNow()
  const times = { start, end: start + 20 }
  await server(async (call) => {
    const redis = { name: 'backend', kind: 'database', system: 'redis' } as const
    call.course.record({ ...redis, ...times, operation: 'GET' })
    call.course.record({ ...redis, ...times, operation: 'GET' })
    call.course.record({
      ...redis,
      ...times,
      operation: 'INCRBY',
      failure: 'WRONGTYPE no',
      failureCode: 'WRONGTYPE',
    })
    const nats = { name: 'backend', kind: 'messaging', system: 'nats', operation: 'request' } as const
    call.course.record({ ...nats, ...times, failure: 'nobody answers' })
  })(sampleCall({ target: 'provider' }))
  const measured = measurements
    .take()
    .histograms.filter(({ metric }) => metric !== 'callDuration')
    .map(({ metric, state }) => [metric, state.count, state.labels])
  const redis = { component: 'provider', 'db.system.name': 'redis' }
  const nats = {
    component: 'provider',
    'messaging.system.name': 'nats',
    'messaging.operation.name': 'request',
  }
  assert.deepEqual(measured, [
    ['databaseDuration', 2, { ...redis, 'db.operation.name': 'GET' }],
    ['databaseDuration', 1, { ...redis, 'db.operation.name': 'INCRBY', 'error.type': 'WRONGTYPE' }],
    ['messagingDuration', 1, { ...nats, 'error.type': '_OTHER' }],
  ])
})

test('a span ends when the held body does', async () => {
  const traced = tracer()
  const { server } = traced
  const body = Promise.withResolvers<void>()
  const answer = await server(async (call) => {
    call.course.hold(body.promise)
    return 'head'
  })(sampleCall())
  assert.equal(answer, 'head')
  assert.equal(traced.spans.length, 0)
  const released = preciseNow()
  body.resolve()
  await new Promise((resolve) => setImmediate(resolve))
  assert.ok(traced.spans[0] && traced.spans[0].end >= released)
  assert.equal(traced.spans[0].status.code, 'unset')
})

test('a body that breaks off makes the span an error beside the status that was sent', async () => {
  const traced = tracer()
  const { server } = traced
  await server(async (call) => {
    call.course.hold(Promise.reject(new WeftError('cancelled', 'the client went away')))
    return { tag: 'ok', val: { status: 200 } }
  })(sampleCall({ ...httpIn, source: 'http', result: { kind: 'result' } }))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(traced.spans[0]?.status, { code: 'error', message: 'the client went away' })
  assert.equal(traced.spans[0]?.attributes['http.response.status_code'], 200)
  assert.equal(traced.spans[0]?.attributes['error.type'], 'cancelled')
})

test('a body that breaks off is measured as what it broke off with, sampled or not', async () => {
  for (const sampled of [true, false]) {
    const measurements = new Measurements('data-0', resourceOf)
    const traced = tracer({ measurements, sampler: () => sampled })
    const call = sampleCall()
    await traced.server(async ({ course }) =>
      course.hold(Promise.reject(new WeftError('cancelled', 'gone'))),
    )(call)
    await call.course.held
    traced.settle()
    const outcomes = measurements.take().histograms.map(({ state }) => state.labels['outcome'])
    assert.deepEqual(outcomes, ['cancelled'])
  }
})

test('waiting and cold start become spans of the callee alone, when they are worth it', async () => {
  const traced = tracer()
  const { client, server } = traced
  await chain([client, server], async (call) => {
    const start = preciseNow()
    call.course.record({ name: 'queued', start, end: start + 0.04 })
    call.course.record({ name: 'instantiated', start, end: start + 3 })
  })(sampleCall())
  const served = traced.spans.find((span) => span.kind === 'server')
  const timed = traced.spans.filter((span) => span.kind === 'internal')
  assert.deepEqual(
    timed.map(({ name, parentSpanId, resource }) => ({ name, parentSpanId, service: resource.service })),
    [{ name: 'instantiate', parentSpanId: served?.spanId, service: 'callee' }],
  )
})

test('arguments and answers of any shape harm nothing', async () => {
  const traced = tracer()
  const { client, server } = traced
  const interfaces = [
    'wrpc:http/incoming-handler',
    'wrpc:http/outgoing-handler@0.1.0',
    'wrpc:keyvalue/batch@0.2.0-draft',
    'wasmcloud:messaging/consumer@0.2.0',
    'plain',
    '',
  ]
  for (const name of interfaces) {
    for (const odd of [undefined, null, 5n, 'text', [], { method: 3, headers: [[1]] }, { tag: 'err' }]) {
      const call = sampleCall({ interface: name, source: 'http', args: [odd], result: { kind: 'result' } })
      await chain([client, server], async () => odd)(call)
    }
  }
  assert.equal(traced.spans.length, interfaces.length * 7 * 2)
  for (const span of traced.spans) assert.deepEqual(JSON.parse(JSON.stringify(span)), span)
})

test('a span that can not be made is counted as lost, and the call is well', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const record = () => {
    throw new Error('no')
  }
  const { server, settle } = traceCalls({ sampler: () => true, resourceOf, record, measurements })
  assert.equal(await server(async () => 7)(sampleCall()), 7)
  settle()
  assert.deepEqual(measurements.take().counters, [
    { metric: 'telemetryDropped', labels: { signal: 'traces', reason: 'failed' }, value: 1 },
  ])
})

test('a call without a span that can not be measured is counted as lost, and is well', async (context) => {
  const measurements = new Measurements('data-0', resourceOf)
  context.mock.method(measurements, 'histogram', () => {
    throw new Error('no')
  })
  const { server } = tracer({ measurements, sampler: () => false })
  assert.equal(await server(async () => 7)(sampleCall()), 7)
  const failing = server(() => Promise.reject(new WeftError('trapped', 'unreachable')))
  await assert.rejects(failing(sampleCall()), { code: 'trapped' })
  assert.deepEqual(measurements.take().counters, [
    { metric: 'telemetryDropped', labels: { signal: 'traces', reason: 'failed' }, value: 2 },
  ])
})

test('what a call waited for has its span as an example', async () => {
  const measurements = new Measurements('data-0', resourceOf)
  const traced = tracer({ measurements })
  await traced.server(async ({ course }) => course.record({ name: 'queued', start: 1000, end: 1500 }))(
    sampleCall(),
  )
  traced.settle()
  const waits = measurements.take().histograms.find(({ metric }) => metric === 'queueWait')
  const [example] = waits?.state.exemplars.filter((one) => one !== undefined) ?? []
  const span = traced.spans.find(({ name }) => name.includes('greet'))
  assert.deepEqual([example?.value, example?.spanId], [0.5, span?.spanId])
  assert.ok(span)
})
