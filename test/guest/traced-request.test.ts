import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpRequest } from '../../src/capability/http.ts'
import { tracedRequest } from '../../src/guest/traced-request.ts'

const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: '' }

const request = (...headers: readonly (readonly [string, string])[]): HttpRequest => ({
  method: { tag: 'get' },
  headers: headers.map(([name, value]) => [name, [Buffer.from(value)]]),
  body: (async function* () {})(),
  trailers: Promise.resolve(undefined),
})
const shown = ({ headers }: HttpRequest) => headers.map(([name, values]) => [name, values.join()])

test('a guest sees the span of the call that it answers in place of the one that the client sent', () => {
  const sent = request(['X-A', '1'], ['Traceparent', `00-${'c'.repeat(32)}-${'d'.repeat(16)}-00`])
  assert.deepEqual(shown(tracedRequest(sent, trace)), [
    ['X-A', '1'],
    ['traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`],
  ])
})

test('tracestate goes with it', () => {
  const sent = request(['tracestate', 'old=1'])
  assert.deepEqual(shown(tracedRequest(sent, { ...trace, traceState: 'new=2' })).at(-1), [
    'tracestate',
    'new=2',
  ])
  assert.equal(shown(tracedRequest(sent, trace)).length, 1)
})

test('without a trace the headers are as they came', () => {
  const sent = request(['traceparent', 'anything'])
  assert.equal(tracedRequest(sent, undefined), sent)
})
