import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzHost } from './fuzz-host.ts'

test('rubbish on every subject a host listens to hurts nobody, leaves nothing behind, and is named in the log', async () => {
  const seed = Date.now() % 1_000_000
  const { wrong, before, after, unnamed, requests, messages, sessions, evilCalls } = await fuzzHost({
    seconds: 6,
    seed,
  })
  const where = `seed ${seed}: run it again with \`npm run fuzz -- --seed ${seed}\``
  assert.ok(requests > 50 && messages > 500 && sessions > 10 && evilCalls > 10, where)
  assert.deepEqual(wrong, [], where)
  assert.ok(after.calls <= before.calls, `open calls ${before.calls} → ${after.calls}; ${where}`)
  assert.ok(
    after.subscriptions <= before.subscriptions,
    `subscriptions ${before.subscriptions} → ${after.subscriptions}; ${where}`,
  )
  assert.ok(after.files <= before.files + 2, `file handles ${before.files} → ${after.files}; ${where}`)
  assert.deepEqual(unnamed, [], where)
})
