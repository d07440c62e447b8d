import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { newSpanId } from '../../src/call/trace-context.ts'
import { keepTraces } from '../../src/cli/keep-traces.ts'
import { connectNats } from '../../src/lattice/connect.ts'
import { spansSubject } from '../../src/lattice/subjects.ts'
import { createLog } from '../../src/log.ts'
import type { SpanRecord } from '../../src/telemetry/span.ts'
import { openCli } from '../support/run-cli.ts'
import { sampleSpan, spansMessages } from '../support/sample-span.ts'
import { type NatsServer, startNats } from '../support/start-nats.ts'
import { until } from '../support/until.ts'

const lattice = 'traces'
const log = createLog(() => undefined)
const fast = 'a1'.repeat(16)
const slow = 'a2'.repeat(16)
const failed = 'b3'.repeat(16)
let nats: NatsServer
let connection: Awaited<ReturnType<typeof connectNats>>
let keeper: { stop(): void }
let cli: Awaited<ReturnType<typeof openCli>>

before(async () => {
  nats = await startNats()
  connection = await connectNats({ url: nats.url, name: 'keeper' })
  cli = await openCli({ WEFT_NATS_URL: nats.url, WEFT_LATTICE: lattice })
  keeper = keepTraces({ connection, lattice, log })
  const start = Date.now()
  publish(
    sampleSpan({ traceId: fast, name: 'GET /fast', start, end: start + 1.5 }),
    sampleSpan({ traceId: slow, name: 'GET /slow', start, end: start + 200 }),
    sampleSpan({
      traceId: failed,
      name: 'GET /failed',
      start,
      end: start + 60,
      status: { code: 'error', message: 'out of flour' },
      resource: { service: 'bakery', hostId: 'NHOST', hostName: 'brave-fox' },
    }),
  )
  await until(async () => (await ids()).length === 3)
})
after(async () => {
  keeper.stop()
  await connection.close()
  await nats.stop()
  await cli.close()
})

/** Publishes spans as a host does. */
function publish(...spans: readonly SpanRecord[]): void {
  for (const message of spansMessages(...spans)) connection.publish(spansSubject(lattice), message)
}

async function ids(...args: readonly string[]): Promise<string[]> {
  const { out } = await cli.run('traces', '-o', 'json', ...args)
  return (JSON.parse(out) as { traceId: string }[]).map(({ traceId }) => traceId)
}

test('the list shows the newest first, a failed one marked', async () => {
  const { code, out } = await cli.run('traces')
  assert.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^TRACE +START +DURATION/)
  assert.match(lines[1] ?? '', /^b3b3b3b3b3b3b3b3 .* 60 ms .* ✗ 1 +GET \/failed +bakery/)
  assert.deepEqual(await ids(), [failed, slow, fast])
})

test('filters: component, errors, least duration (fractions too), number', async () => {
  assert.deepEqual(await ids('--component', 'bakery'), [failed])
  assert.deepEqual(await ids('--component', 'nobody'), [])
  assert.deepEqual(await ids('--errors'), [failed])
  assert.deepEqual(await ids('--min-duration', '50ms'), [failed, slow])
  assert.deepEqual(await ids('--min-duration', '1.6ms'), [failed, slow])
  assert.deepEqual(await ids('--min-duration', '0.1s'), [slow])
  assert.deepEqual(await ids('--limit', '2'), [failed, slow])
})

test('one trace is drawn, found by the beginning of its id or as the last one', async () => {
  for (const id of ['b3', 'B3B3', failed, 'last']) {
    const { code, out } = await cli.run('traces', id)
    assert.equal(code, 0)
    assert.match(out, new RegExp(`^trace ${failed}\n60 ms · 1 span · 1 error`))
    assert.match(out, /GET \/failed +bakery@brave-fox +█+ +60 ms\n +out of flour/)
  }
  assert.match((await cli.run('traces', 'last', '--component', 'hello')).out, new RegExp(`^trace ${slow}`))
  const spans = JSON.parse((await cli.run('traces', 'b3', '-o', 'json')).out) as SpanRecord[]
  assert.equal(spans[0]?.name, 'GET /failed')
})

test('an id that fits several traces, none, or is no id', async () => {
  const several = await cli.run('traces', 'a')
  assert.deepEqual([several.code, several.err], [2, `weft: a fits 2 traces: ${slow}, ${fast}\n`])
  const none = await cli.run('traces', 'ff')
  assert.deepEqual([none.code, none.err], [1, 'weft: no kept trace begins with ff\n'])
  const bad = await cli.run('traces', 'hello')
  assert.equal(bad.code, 2)
  assert.match(bad.err, /a trace id is up to 32 hex digits, or `last`; got "hello"/)
  assert.equal((await cli.run('traces', '--limit', 'x')).code, 2)
  assert.equal((await cli.run('traces', '--min-duration', '50')).code, 2)
})

test('a trace of thousands of large spans, more than one message carries, arrives whole', async () => {
  const traceId = 'c4'.repeat(16)
  const text = 'x'.repeat(900)
  for (let part = 0; part < 30; part++) {
    publish(...Array.from({ length: 100 }, () => sampleSpan({ traceId, attributes: { text } })))
  }
  await until(async () => {
    const { out } = await cli.run('traces', 'c4', '-o', 'json')
    return out !== '' && (JSON.parse(out) as unknown[]).length === 3000
  })
})

test('--follow prints each new trace once, when its spans have come, until Ctrl-C', async () => {
  const traceId = 'd5'.repeat(16)
  const following = cli.begin('traces', '--follow', '--component', 'late')
  const resource = { service: 'late', hostId: 'NHOST', hostName: 'brave-fox' }
  const root = sampleSpan({ traceId, name: 'GET /late', resource })
  // What came before the command has asked for the first time is old: a few traces make sure that one is new.
  const shown = until(
    () => {
      publish(sampleSpan({ traceId: `${newSpanId()}${newSpanId()}`, resource }))
      return following.output() !== ''
    },
    { timeoutMs: 10_000 },
  )
  await shown
  publish(sampleSpan({ traceId, parentSpanId: root.spanId, resource }))
  publish(root)
  await until(() => following.output().includes('GET /late'), { timeoutMs: 10_000 })
  following.interrupt()
  const { code, out } = await following.ended
  assert.equal(code, 0)
  const lines = out.trimEnd().split('\n')
  assert.match(lines[0] ?? '', /^TRACE/)
  assert.equal(lines.filter((line) => line.startsWith('TRACE')).length, 1)
  const found = lines.filter((line) => line.startsWith('d5d5'))
  assert.equal(found.length, 1)
  assert.match(found[0] ?? '', / 2 +GET \/late +late$/)
})

test('a lattice whose traces nobody keeps says who would', async () => {
  const { code, err } = await cli.run('traces', '--lattice', 'other')
  assert.equal(code, 1)
  assert.match(
    err,
    /^weft: nobody keeps the traces of lattice other: the `weft up` that starts a lattice .*\n$/,
  )
})

test('the last one may be one whose spans are still on their way', async () => {
  const coming = keepTraces({ connection, lattice: 'coming', log })
  await connection.flush()
  const asked = cli.run('traces', 'last', '--lattice', 'coming')
  const [message] = spansMessages(sampleSpan({ traceId: fast, name: 'GET /late' }))
  // A host gathers them for so long.
  setTimeout(() => connection.publish(spansSubject('coming'), message), 200)
  assert.match((await asked).out, /GET \/late/)
  coming.stop()
})

test('no traces yet is said', async () => {
  const other = keepTraces({ connection, lattice: 'fresh', log })
  await connection.flush()
  assert.equal((await cli.run('traces', '--lattice', 'fresh')).out, 'no traces\n')
  const last = await cli.run('traces', 'last', '--lattice', 'fresh')
  assert.deepEqual([last.code, last.err], [1, 'weft: no traces yet: send a request first\n'])
  other.stop()
})
