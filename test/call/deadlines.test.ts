import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Deadlines, type Limited } from '../../src/call/deadlines.ts'

function limited(deadline: number, expire: () => void): Limited {
  return { deadline, expire, place: undefined }
}

/** Settles with the time at which `deadlines` let it expire. */
function expiry(deadlines: Deadlines, deadline: number): Promise<number> {
  return new Promise((resolve) => deadlines.watch(limited(deadline, () => resolve(Date.now()))))
}

test('each expires at its own deadline, whatever order they come in', async () => {
  const deadlines = new Deadlines()
  const start = Date.now()
  const due = [start + 60, start + 20, start + 40, start - 1, start + 20]
  const expired = await Promise.all(due.map((deadline) => expiry(deadlines, deadline)))
  for (const [at, time] of expired.entries()) assert.ok(time >= (due[at] ?? 0), `${time} of ${due[at]}`)
})

test('what is forgotten does not expire, and those after it do', async () => {
  const deadlines = new Deadlines()
  const start = Date.now()
  const first = limited(start + 10, () => assert.fail('expired'))
  const last = limited(start + 30, () => assert.fail('expired'))
  deadlines.watch(first)
  const middle = expiry(deadlines, start + 20)
  deadlines.watch(last)
  deadlines.forget(first)
  deadlines.forget(first)
  assert.ok((await middle) >= start + 20)
  deadlines.forget(last)
})

test('one that expires may have others watched and forgotten', async () => {
  const deadlines = new Deadlines()
  const start = Date.now()
  const other = limited(start + 5, () => assert.fail('expired'))
  const next = new Promise<number>((resolve) => {
    const begin = () => {
      deadlines.forget(other)
      void expiry(deadlines, Date.now() + 5).then(resolve)
    }
    deadlines.watch(limited(start + 5, begin))
  })
  deadlines.watch(other)
  assert.ok((await next) >= start + 5)
})

test('without an end a deadline is not watched for', async () => {
  const deadlines = new Deadlines()
  const endless = limited(Number.POSITIVE_INFINITY, () => assert.fail('expired'))
  deadlines.watch(endless)
  assert.ok((await expiry(deadlines, Date.now() + 5)) > 0)
  deadlines.forget(endless)
})

test('after a rest deadlines are watched again', async () => {
  const deadlines = new Deadlines()
  await expiry(deadlines, Date.now() + 5)
  await delay(1)
  await expiry(deadlines, Date.now() + 5)
})

test('a deadline that is no number has passed, and holds up no other', async () => {
  const deadlines = new Deadlines()
  await Promise.all([expiry(deadlines, Number.NaN), expiry(deadlines, Date.now() + 5)])
  const later = expiry(deadlines, Date.now() + 20)
  await expiry(deadlines, Number.NaN)
  await later
})

test('one that throws as it expires holds up no other', ({ mock }) => {
  const looks: (() => void)[] = []
  mock.method(globalThis, 'setTimeout', (look: () => void) => {
    looks.push(look)
  })
  const deadlines = new Deadlines()
  const past = Date.now() - 1
  const expired: string[] = []
  const fails = () => {
    throw new Error('it must not')
  }
  deadlines.watch(limited(past, fails))
  deadlines.watch(limited(past, () => expired.push('beside')))
  assert.throws(() => looks.shift()?.(), /it must not/)
  looks.shift()?.()
  assert.deepEqual(expired, ['beside'])
})
