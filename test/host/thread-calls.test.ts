import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call, Interceptor } from '../../src/call/call.ts'
import { Spies } from '../../src/host/spies.ts'
import { type ThreadCalls, threadCalls } from '../../src/host/thread-calls.ts'
import { sampleCall } from '../support/sample-call.ts'

/** The calls of a thread with a component `guest` and a provider `store`, each with what it passed on its way. */
function passed(through: (calls: ThreadCalls, call: Call) => Promise<unknown>) {
  return async (target: string): Promise<readonly string[]> => {
    const seen: string[] = []
    const see =
      (what: string): Interceptor =>
      (next) =>
      (call) => {
        seen.push(what)
        return next(call)
      }
    const answer = (what: string) => async () => {
      seen.push(what)
    }
    const calls = threadCalls({
      instruments: {
        client: [see('client')],
        server: [see('server')],
        whole: { client: [see('whole client')], server: [see('whole server')] },
      },
      spies: new Spies(() => {}),
      providers: { serves: (id) => id === 'store' },
      components: { load: (id) => (id === 'guest' ? { active: 0, free: true } : undefined) },
      toComponent: answer('component'),
      toProvider: answer('provider'),
      invokeRemote: answer('remote'),
      peerLoad: () => undefined,
      busy: () => 0,
    })
    await through(calls, sampleCall({ target }))
    return seen
  }
}

test('a call between a component and a provider of the thread is seen whole, from the component', async () => {
  const ofComponent = passed((calls, call) => calls.invoke.component(call))
  const ofProvider = passed((calls, call) => calls.invoke.provider(call))
  assert.deepEqual(await ofComponent('store'), ['client', 'whole client', 'provider'])
  assert.deepEqual(await ofProvider('guest'), ['client', 'whole server', 'component'])
})

test('a call between two components or two providers of the thread is seen from both sides', async () => {
  const ofComponent = passed((calls, call) => calls.invoke.component(call))
  const ofProvider = passed((calls, call) => calls.invoke.provider(call))
  assert.deepEqual(await ofComponent('guest'), ['client', 'server', 'component'])
  assert.deepEqual(await ofProvider('store'), ['client', 'server', 'provider'])
})

test('a call that goes elsewhere is seen where it leaves, one that comes from elsewhere where it is served', async () => {
  const leaves = passed((calls, call) => calls.invoke.component(call))
  const comes = passed((calls, call) => calls.serve(call))
  assert.deepEqual(await leaves('elsewhere'), ['client', 'remote'])
  assert.deepEqual(await comes('guest'), ['server', 'component'])
  assert.deepEqual(await comes('store'), ['server', 'provider'])
})

test('what enters is seen where it is let in, and what is answered without a way where it leaves', async () => {
  const enters = passed((calls, call) => calls.enter(call, async () => undefined))
  const leaves = passed((calls, call) => calls.leaving(async () => undefined)(call))
  assert.deepEqual(await enters('store'), ['server'])
  assert.deepEqual(await leaves('store'), ['client'])
})
