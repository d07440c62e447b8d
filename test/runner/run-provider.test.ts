import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call, Interceptor } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import { parseTraceparent } from '../../src/call/trace-context.ts'
import { parseHostData } from '../../src/lattice/host-data.ts'
import { createLog } from '../../src/log.ts'
import { defineProvider } from '../../src/provider.ts'
import { runProvider } from '../../src/runner/run-provider.ts'
import { sampleCall } from '../support/sample-call.ts'
import { startNats } from '../support/start-nats.ts'

const spanId = '00f067aa0ba902b7'
const span = parseTraceparent(`00-4bf92f3577b34da6a3ce929d0e0e4736-${spanId}-01`)

/** What of a trace a call is under when it comes, before it goes on under a span of its own. */
function tracing(seen: (string | undefined)[]): Interceptor {
  return (next) => (call) => {
    seen.push(call.context.trace?.spanId)
    call.context.trace = span
    return next(call)
  }
}

test('a provider may make several calls of the same context: each hangs under that, not under the one before', async () => {
  const nats = await startNats()
  try {
    const seen: (string | undefined)[] = []
    const interrupted = Promise.withResolvers<void>()
    const { context, ...rest } = sampleCall()
    const made = (): Call => ({ ...rest, context, course: new CallCourse() })
    const definition = defineProvider({
      name: 'twice',
      runs: 'once',
      exports: [],
      async start({ invoke, enter }) {
        // Nobody answers them.
        for (const make of [invoke, invoke]) await assert.rejects(make(made()))
        for (const next of ['one', 'two']) assert.equal(await enter(made(), async () => next), next)
        interrupted.resolve()
        return { async putLink() {}, async deleteLink() {}, async stop() {} }
      },
    })
    const data = { provider_key: 'twice', lattice_rpc_url: nats.url, link_definitions: [], env_values: {} }
    await runProvider(definition, {
      data: parseHostData(Buffer.from(JSON.stringify(data)).toString('base64')),
      natsTls: {},
      instrument: () => ({ client: [tracing(seen)], server: [tracing(seen)], stop: async () => {} }),
      log: createLog(() => {}),
      interrupted: interrupted.promise,
    })
    assert.deepEqual(seen, [undefined, undefined, undefined, undefined])
    assert.equal(context.trace, undefined)
  } finally {
    await nats.stop()
  }
})
