import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from '../../src/controller/attempts.ts'
import type { Command } from '../../src/controller/command.ts'

const put = (value: string): Command => ({
  app: 'my-app',
  part: 'config c',
  target: 'config c',
  deed: { do: 'put config', name: 'c', properties: { value } },
})

/** The first whole second in which something is due. */
function nextDue(attempts: Attempts, now: number): number {
  for (let at = now; ; at += 1000) if (attempts.dueApps(at).has('my-app')) return at
}

test('a command in flight is not given again until 10 s have passed without effect', () => {
  const attempts = new Attempts()
  attempts.given(put('1'), 0)
  assert.equal(attempts.mayGive(put('1'), 9_999), false)
  assert.equal(attempts.mayGive(put('1'), 10_000), false, 'it failed now, and backs off first')
  assert.equal(attempts.failures('my-app')[0]?.error, 'nothing came of it')
  assert.equal(attempts.mayGive(put('1'), 11_000), true)
})

test('a start may take a minute: the host downloads and compiles first', () => {
  const attempts = new Attempts()
  const scale: Command = {
    ...put('1'),
    deed: {
      do: 'scale',
      request: {
        component_id: 'c',
        component_ref: 'r',
        annotations: {},
        count: 1,
        host_id: 'h',
        config: [],
        allow_update: true,
      },
    },
  }
  attempts.given(scale, 0)
  attempts.mayGive(scale, 59_999)
  assert.deepEqual(attempts.failures('my-app'), [])
  attempts.mayGive(scale, 60_000)
  assert.equal(attempts.failures('my-app')[0]?.error, 'nothing came of it')
})

test('a failed command waits 1, 2, 4 … 60 s', () => {
  const attempts = new Attempts()
  const pauses: number[] = []
  let now = 0
  for (let i = 0; i < 9; i++) {
    attempts.given(put('1'), now)
    attempts.failed('config c', 'no', now)
    const due = nextDue(attempts, now)
    pauses.push(due - now)
    now = due
    assert.equal(attempts.mayGive(put('1'), now - 1), false)
    assert.equal(attempts.mayGive(put('1'), now), true)
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000])
  assert.deepEqual(attempts.failures('my-app'), [
    { app: 'my-app', part: 'config c', target: 'config c', deed: put('1').deed, error: 'no', tries: 9 },
  ])
})

test('another deed on the same target may be done at once', () => {
  const attempts = new Attempts()
  attempts.given(put('1'), 0)
  assert.equal(attempts.mayGive(put('2'), 1), true)
})

test('what came true is forgotten, and so is its failure', () => {
  const attempts = new Attempts()
  attempts.given(put('1'), 0)
  attempts.failed('config c', 'no', 0)
  attempts.keepOnly('my-app', [])
  assert.deepEqual(attempts.failures('my-app'), [])
  assert.equal(attempts.dueApps(Number.POSITIVE_INFINITY).size, 0)
})

test('a failure that nobody here caused is not ours', () => {
  assert.equal(new Attempts().failed('x on y', 'no', 0), false)
})
