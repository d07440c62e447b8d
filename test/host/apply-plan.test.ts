import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyPlan } from '../../src/host/apply-plan.ts'
import type { ThreadParts } from '../../src/host/thread-parts.ts'

/** Parts of a thread that write down what is done to them. */
function partsThatTell(done: string[]) {
  const running = (kind: string) => ({
    ids: () => ['gone'],
    remove: async (id: string) => void done.push(`remove ${kind} ${id}`),
    put: async ({ id }: { id: string }) => void done.push(`put ${kind} ${id}`),
    refusedLinks: () => [],
  })
  return {
    components: running('component'),
    providers: running('provider'),
    instruments: { settle: () => void done.push('settle') },
  } as unknown as ThreadParts
}

test('what is over is told before who did it is gone: when a plan comes, and at the end', async () => {
  const done: string[] = []
  const applied = Promise.withResolvers<void>()
  const plans = applyPlan(partsThatTell(done), () => applied.resolve())
  plans.next(1, { components: [], providers: [] })
  await applied.promise
  assert.deepEqual(done, ['settle', 'remove provider gone', 'remove component gone'])
  await plans.stop(1_000)
  assert.deepEqual(done.slice(3), ['settle', 'remove provider gone', 'remove component gone'])
})
