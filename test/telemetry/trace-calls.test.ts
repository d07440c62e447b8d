import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Call, chain, type Invoke } from '../../src/call/call.ts'
import { childOf } from '../../src/call/child.ts'
import { preciseNow } from '../../src/call/course.ts'
import { limitTime } from '../../src/call/limit-time.ts'
import { formatTraceparent } from '../../src/call/trace-context.ts'
import { type ErrorCode, errorCodes, WeftError } from '../../src/errors.ts'
import type { CallSide } from '../../src/telemetry/describe-call.ts'
import { Measurements } from '../../src/telemetry/measurements.ts'
import { type Sampler, samplerFromEnv } from '../../src/telemetry/sampler.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import type { SpanDraft } from '../../src/telemetry/span-draft.ts'
import { traceCalls } from '../../src/telemetry/trace-calls.ts'
import { sampleCall } from '../support/sample-call.ts'
import { spanFromDraft } from '../support/span-from-draft.ts'

const resourceOf = (id: string) => ({ service: id, hostId: 'NHOST', hostName: 'brave-fox' })

function tracer(sampler: Sampler = () => true) {
  const recorded: SpanRecord[] = []
  const record = (draft: SpanDraft) => void recorded.push(spanFromDraft(draft))
  const { client, server, settle } = traceCalls({ sampler, resourceOf, record })
  return {
    client,
    server,
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

test('a request through a provider, a component and a store is one tree of five spans', async () => {
  const traced = tracer()
  const { client, server } = traced
  const store: Invoke = chain([server], async () => ({ tag: 'ok', val: 7n }))
  const hello: Invoke = chain([server], async (call) => {
    await chain(
      [client],
      store,
    )(
      childOf(call, {
        target: 'kv',
        operation: sampleCall({ interface: 'wrpc:keyvalue/atomics@0.2.0-draft', function: 'increment' })
          .operation,
        args: ['counters', 'key', 1n],
      }),
    )
    return { tag: 'ok', val: { status: 200 } }
  })
  const entry = sampleCall({ ...httpIn, source: 'http', target: 'http-server', result: { kind: 'result' } })
  await chain([server], (call) =>
    chain([client], hello)(childOf(call, { target: 'hello', operation: call.operation, args: call.args })),
  )(entry)

  const tree = traced.spans.map((span) => {
    const parent = traced.spans.find((other) => other.spanId === span.parentSpanId)
    return `${span.kind} ${span.resource.service} ${span.name} < ${parent ? `${parent.kind} ${parent.resource.service}` : '-'}`
  })
  assert.deepEqual(tree.sort(), [
    'client hello keyvalue/atomics increment < server hello',
    'client http-server http/incoming-handler handle < server http-server',
    'server hello http/incoming-handler handle < client http-server',
    'server http-server GET < -',
    'server kv keyvalue/atomics increment < client hello',
  ])
  assert.equal(new Set(traced.spans.map((span) => span.traceId)).size, 1)
  assert.deepEqual(spanNamed(traced.spans, 'GET').attributes, {
    'http.request.method': 'GET',
    'url.scheme': 'http',
    'server.address': 'example.org',
    'server.port': 8080,
    'user_agent.original': 'curl/8',
    'url.path': '/hello',
    'url.query': 'name=x&sig=REDACTED',
    'http.response.status_code': 200,
  })
  assert.deepEqual(spanNamed(traced.spans, 'keyvalue/atomics increment', 'hello').attributes, {
    'rpc.system.name': 'wrpc',
    'rpc.method': 'wrpc:keyvalue/atomics/increment',
    'weft.target': 'kv',
    'db.system.name': 'wasi-keyvalue',
    'db.operation.name': 'increment',
    'db.namespace': 'counters',
  })
})

test('the call goes on unchanged but for its trace', async () => {
  const traced = tracer()
  const { client } = traced
  const call = sampleCall({
    context: {
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: 'x=1' },
      baggage: 'k=v',
    },
  })
  const before = structuredClone(call.context)
  let seen: Call | undefined
  await client(async (passed) => {
    seen = passed
  })(call)
  assert.deepEqual(call.context, before)
  const [span] = traced.spans
  const trace = seen?.context.trace
  assert.ok(trace)
  assert.deepEqual({ ...seen?.context, trace: undefined }, { ...before, trace: undefined })
  assert.equal(formatTraceparent(trace), `00-${'a'.repeat(32)}-${span?.spanId}-01`)
  assert.equal(trace.traceState, 'x=1')
  assert.equal(seen?.course, call.course)
  assert.equal(span?.parentSpanId, 'b'.repeat(16))
  assert.equal(span?.traceState, 'x=1')
})

test('a call of an unsampled trace leaves no span, and goes on as it came', async () => {
  const traced = tracer(samplerFromEnv({}))
  const { client } = traced
  const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false, traceState: '' }
  const seen = await client(async (call) => call.context.trace)(sampleCall({ context: { trace } }))
  assert.equal(traced.spans.length, 0)
  assert.equal(seen, trace)
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

test('a call whose callee does not look when it is given up ends with the call that it belongs to', async () => {
  const traced = tracer()
  const limit = limitTime()
  const store = chain([traced.server, limit], () => new Promise(() => {}))
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
    [
      ['client', 'guest', 'deadline'],
      ['server', 'guest', 'deadline'],
      ['server', 'store', 'deadline'],
    ],
  )
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
  const { server, settle } = traceCalls({
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
  settle()
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
