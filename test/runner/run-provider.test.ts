import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call, Interceptor } from '../../src/call/call.ts'
import { CallCourse } from '../../src/call/course.ts'
import { parseTraceparent } from '../../src/call/trace-context.ts'
import { parseHostData } from '../../src/lattice/host-data.ts'
import { createLog } from '../../src/log.ts'
import { defineProvider, type ProviderContext } from '../../src/provider.ts'
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

/** Runs a provider that does no more than `work` when it starts, with `around` its calls. */
async function startProvider(
  work: (context: Pick<ProviderContext, 'invoke' | 'enter'>) => Promise<void>,
  around: Interceptor,
): Promise<void> {
  const nats = await startNats()
  try {
    const interrupted = Promise.withResolvers<void>()
    const definition = defineProvider({
      name: 'twice',
      runs: 'once',
      exports: [],
      async start(context) {
        await work(context)
        interrupted.resolve()
        return { async putLink() {}, async deleteLink() {}, async stop() {} }
      },
    })
    const data = { provider_key: 'twice', lattice_rpc_url: nats.url, link_definitions: [], env_values: {} }
    await runProvider(definition, {
      data: parseHostData(Buffer.from(JSON.stringify(data)).toString('base64')),
      natsTls: {},
      instrument: () => ({ client: [around], server: [around], stop: async () => {} }),
      log: createLog(() => {}),
      interrupted: interrupted.promise,
    })
  } finally {
    await nats.stop()
  }
}

test('a provider may make several calls of the same context: each hangs under that, not under the one before', async () => {
  const seen: (string | undefined)[] = []
  const { context, ...rest } = sampleCall()
  const made = (): Call => ({ ...rest, context, course: new CallCourse() })
  await startProvider(async ({ invoke, enter }) => {
    // Nobody answers them.
    for (const make of [invoke, invoke]) await assert.rejects(make(made()))
    for (const next of ['one', 'two']) assert.equal(await enter(made(), async () => next), next)
  }, tracing(seen))
  assert.deepEqual(seen, [undefined, undefined, undefined, undefined])
  assert.equal(context.trace, undefined)
})

test('a provider may make a call again that failed: that is seen to its end, too', async () => {
  const ended: unknown[] = []
  const watching: Interceptor = (next) => (call) => {
    call.course.leaves(call, { over: ({ course }) => void ended.push(course.ending) })
    return next(call)
  }
  const call = sampleCall()
  await startProvider(async ({ invoke }) => {
    for (const make of [invoke, invoke]) await assert.rejects(make(call))
  }, watching)
  assert.deepEqual(ended, ['failed', 'failed'])
})
