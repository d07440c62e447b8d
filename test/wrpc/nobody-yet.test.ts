import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WeftError } from '../../src/errors.ts'
import { CallEnd } from '../../src/wrpc/call-end.ts'
import { NobodyServes, NobodyYet, type WhenNobody } from '../../src/wrpc/nobody-yet.ts'
import { sampleCall } from '../support/sample-call.ts'

const notFound = new NobodyServes('not_found', 'nothing serves it')

/** Asks again and again, as a call does that always finds nobody, until that fails or `enough` says so. */
async function tries(
  options: { readonly whenNobody?: WhenNobody; readonly hasServed?: boolean; readonly withinMs?: number },
  enough: (count: number) => boolean = () => false,
): Promise<{ readonly count: number; readonly error: unknown; readonly tookMs: number }> {
  const late = () => new WeftError('deadline', 'too late')
  const end = new CallEnd({ deadline: Date.now() + (options.withinMs ?? 5_000), late })
  const nobody = new NobodyYet({ hasServed: false, ...options, call: sampleCall(), end })
  const start = performance.now()
  let count = 0
  let error: unknown
  try {
    while (!enough(count)) {
      await nobody.wait(notFound)
      count += 1
    }
  } catch (thrown) {
    error = thrown
  } finally {
    end.finish()
  }
  return { count, error, tookMs: performance.now() - start }
}

test('without anybody to ask, nobody is an error at once', async () => {
  const { count, error } = await tries({})
  assert.deepEqual([count, error], [0, notFound])
})

test('what runs and has never served this is not found soon', async () => {
  const { error, tookMs } = await tries({ whenNobody: async () => 'running' })
  assert.equal(error, notFound)
  assert.ok(tookMs < 2_000, `it took ${tookMs} ms`)
})

test('what runs and has served this before is waited for: its host may have died unnoticed', async () => {
  const { count, error } = await tries({ whenNobody: async () => 'running', hasServed: true }, (n) => n > 7)
  assert.deepEqual([count, error], [8, undefined])
})

test('what is being started is waited for until the deadline', async () => {
  const whenNobody: WhenNobody = () => new Promise((resolve) => setTimeout(resolve, 50, 'starting'))
  const { count, error } = await tries({ whenNobody, withinMs: 700 })
  assert.ok(count > 3)
  assert.ok(error instanceof WeftError && error.code === 'deadline')
})

test('what whoever is asked says is what the call fails with', async () => {
  const stopped = new WeftError('unavailable', 'hello runs nowhere: 0 hosts')
  const { error } = await tries({ whenNobody: () => Promise.reject(stopped) })
  assert.equal(error, stopped)
})
