import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Pace } from '../../src/component/pace.ts'
import { paceMemory } from '../../src/component/pace-words.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, guestCall, openGuests } from '../support/guest.ts'
import { watComponent } from '../support/wat-component.ts'

const trap = 'test/guests/http-trap-p2/http-trap-p2.wasm'

let guests: Awaited<ReturnType<typeof openGuests>>
let watchdog: Worker
const memory = paceMemory()
before(async () => {
  guests = await openGuests()
  // As on a host: the watchdog runs on another thread than the guests.
  const source = `
    const { workerData } = require('node:worker_threads')
    import(workerData.module).then(({ watchPace }) => {
      watchPace([workerData.memory])
      setInterval(() => {}, 1000)
      require('node:worker_threads').parentPort.postMessage('ready')
    })`
  const module = new URL('../../src/component/watch-pace.ts', import.meta.url).href
  watchdog = new Worker(source, { eval: true, workerData: { module, memory } })
  await once(watchdog, 'message')
})
after(async () => {
  await watchdog.terminate()
  await guests.close()
})

describe('a guest that is stuck', () => {
  let component: GuestComponent
  before(async () => {
    component = await guests.load(trap, { pace: new Pace(memory) })
  })

  test('in an endless loop is stopped at its deadline, and others on its thread are answered meanwhile', async () => {
    const stuck = fetchFrom(component, '/spin', { withinMs: 400 })
    const ended = assert.rejects(stuck, { code: 'deadline' })
    const start = performance.now()
    let answered = 0
    let slowest = 0
    while (performance.now() - start < 250) {
      const sent = performance.now()
      assert.equal((await fetchFrom(component, '/')).text, 'fine\n')
      slowest = Math.max(slowest, performance.now() - sent)
      answered++
    }
    await ended
    assert.ok(answered >= 3, `${answered} answers while a guest looped`)
    assert.ok(slowest < 200, `the slowest of them took ${slowest} ms`)
    assert.ok(performance.now() - start < 5_000)
  })

  test('in a loop is stopped when its caller gives up', async () => {
    const caller = new AbortController()
    const stuck = fetchFrom(component, '/spin', { signal: caller.signal })
    setTimeout(() => caller.abort(), 50)
    await assert.rejects(stuck, { code: 'cancelled' })
  })

  test('in a loop is stopped by the time limit of its manifest, with an error of its own', async () => {
    const limited = await guests.load(trap, {
      pace: new Pace(memory),
      settings: { limits: { timeMs: 100 } },
    })
    await assert.rejects(fetchFrom(limited, '/spin'), { code: 'deadline', message: /time/ })
  })

  test('in endless recursion traps', async () => {
    await assert.rejects(fetchFrom(component, '/recurse'), {
      code: 'trapped',
      message: /memory access out of bounds|call stack/,
    })
  })

  test('allocating without end traps at its memory limit, and says so with the place', async () => {
    const limited = await guests.load(trap, { settings: { limits: { memoryBytes: 8 * 1024 * 1024 } } })
    const services = fakeServices()
    await assert.rejects(fetchFrom(limited, '/allocate', { services }), {
      code: 'exhausted',
      message: /reached its memory limit/,
    })
    assert.deepEqual(services.limits, ['memory'])
    const line = services.lines.find(({ level }) => level === 'error')
    assert.match(String(line?.attributes['stack']), /allocate_for_ever/)
    assert.equal((await fetchFrom(limited, '/')).text, 'fine\n')
  })

  for (const [where, parts] of [
    [
      'start function',
      '(start $spin) (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)',
    ],
    [
      'realloc or post-return function',
      '(func (export "realloc") (param i32 i32 i32 i32) (result i32) call $spin i32.const 0)',
    ],
  ] as const) {
    test(`in its ${where}, where it can't wait, is stopped soon`, async () => {
      const text = `(component
        (core module $m
          (memory (export "memory") 1)
          (func $spin (loop (br 0)))
          ${parts}
          (func (export "run") (param i32 i32)))
        (core instance $i (instantiate $m))
        (func (export "run") (param "text" string)
          (canon lift (core func $i "run") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))`
      const stuck = await watComponent(guests.compiler, text, { pace: new Pace(memory) })
      const services = fakeServices()
      await assert.rejects(stuck.run(guestCall(stuck, 'run', ['x']), services), {
        code: 'deadline',
        message: new RegExp(`ran on in its ${where}`),
      })
      assert.equal(services.offences, 1)
      assert.equal((await fetchFrom(component, '/')).text, 'fine\n')
    })
  }

  test('leaves the component as it was for those who come after', async () => {
    assert.equal((await fetchFrom(component, '/')).text, 'fine\n')
  })
})
