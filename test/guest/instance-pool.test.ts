import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CallSession } from '../../src/call/session.ts'
import { Pace } from '../../src/component/pace.ts'
import { WeftError } from '../../src/errors.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, guestCall, openGuests } from '../support/guest.ts'
import { watComponent } from '../support/wat-component.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

const marks = 'test/guests/leaves-marks/leaves-marks.wasm'

describe('an instance that serves again', () => {
  test('shows its guest nothing of the invocations before: memory, its size, globals, handles', async () => {
    const component = await guests.load(marks)
    const first = (await fetchFrom(component, '/')).text
    assert.equal(first, 'calls 1 pages 17 marks 0 handle 3\n')
    for (let time = 0; time < 20; time++) assert.equal((await fetchFrom(component, '/')).text, first)
  })

  test('is as good as new also when several serve at once', async () => {
    const component = await guests.load(marks)
    const answers = await Promise.all(Array.from({ length: 30 }, () => fetchFrom(component, '/')))
    assert.deepEqual([...new Set(answers.map(({ text }) => text))], ['calls 1 pages 17 marks 0 handle 3\n'])
  })

  test('is made once and reset from then on', async () => {
    const component = await guests.load('test/guests/calc/calc.wasm')
    const timings = async () => {
      const call = guestCall(component, 'add', [1, 2])
      assert.equal(await component.run(call, fakeServices()), 3)
      return call.course.timings.map(({ name }) => name)
    }
    assert.deepEqual(await timings(), ['instantiated'])
    assert.deepEqual(await timings(), [])
  })
})

describe('instances that are idle', () => {
  test('stay while somebody wants them, and go when nobody does', async ({ mock }) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const component = await guests.load(marks)
    await Promise.all(Array.from({ length: 8 }, () => fetchFrom(component, '/')))
    const most = component.ready
    assert.ok(most > 1)
    const ready: number[] = []
    for (const isCalled of [false, true, true, false, false]) {
      if (isCalled) await fetchFrom(component, '/')
      mock.timers.tick(10_000)
      ready.push(component.ready)
    }
    assert.deepEqual(ready, [most, 1, 1, 0, 0])
  })

  test('are as many as served at once, while their memory fits', async () => {
    const component = await guests.load('test/guests/kv-p2/kv-p2.wasm')
    const waveOf = async (many: number) => {
      const all = Promise.withResolvers<void>()
      let waiting = 0
      const services = fakeServices({
        async invoke() {
          waiting += 1
          if (waiting === many) all.resolve()
          await all.promise
          return { tag: 'ok', val: undefined }
        },
      })
      await Promise.all(Array.from({ length: many }, () => fetchFrom(component, '/get?k', { services })))
      return component.ready
    }
    assert.equal(await waveOf(100), 100)
    const kept = await waveOf(300)
    assert.ok(kept < 300, `${kept} instances were kept`)
    assert.ok(component.memoryBytes <= 256 * 1024 * 1024, `${component.memoryBytes} bytes were kept`)
  })
})

/** Its memory grows by so many pages. */
const growing = `(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
  (core instance $i (instantiate $m))
  (func $grow (param "pages" u32) (result u32) (canon lift (core func $i "grow")))
  (instance (export "test:memory/growing")
    (export "grow" (func $grow))))`

/** Has an instance of a component grown by so many MiB each, and keeps them until their sessions end. */
async function grown(component: GuestComponent, sizes: readonly number[]): Promise<readonly CallSession[]> {
  const sessions: CallSession[] = []
  for (const size of sizes) {
    const session = new CallSession()
    const call = guestCall(component, 'grow', [size * 16 - 1])
    assert.equal(await component.run({ ...call, session }, fakeServices()), 1)
    sessions.push(session)
  }
  return sessions
}

const MiB = 1024 * 1024

describe('instances of different sizes', () => {
  for (const [how, settings] of [
    ['idle', {}],
    ['gone, with memories that are kept', { reuse: { invocations: 1 } }],
  ] as const)
    test(`stay within what one component may keep: ${how}`, async () => {
      const component = await watComponent(guests.compiler, growing, { settings })
      for (const session of await grown(component, [64, 64, 64, 48, 32, 16, 8, 1])) session.end()
      assert.equal(component.memoryBytes, (64 + 64 + 64 + 48 + 16) * MiB)
      component.close()
      assert.equal(component.memoryBytes, 0)
    })

  test('make room when they are taken', async () => {
    const component = await watComponent(guests.compiler, growing)
    for (let time = 0; time < 3; time++) {
      for (const session of await grown(component, [64, 64, 64, 64])) session.end()
      assert.equal(component.ready, 4)
      assert.equal(component.memoryBytes, 256 * MiB)
    }
  })
})

test('an instance that is given back when its component is closed is not kept', async () => {
  const component = await watComponent(guests.compiler, growing)
  const [session] = await grown(component, [1])
  component.close()
  assert.equal(component.memoryBytes, MiB)
  session?.end()
  assert.equal(component.memoryBytes, 0)
})

describe('the memories of instances that are not kept', () => {
  test('serve the next ones, which see nothing in them', async () => {
    const component = await guests.load(marks, { settings: { reuse: { invocations: 1 } } })
    const first = (await fetchFrom(component, '/')).text
    assert.equal(first, 'calls 1 pages 17 marks 0 handle 3\n')
    const kept = component.memoryBytes
    assert.ok(kept > 0)
    for (let time = 0; time < 20; time++) {
      assert.equal((await fetchFrom(component, '/')).text, first)
      assert.equal(component.ready, 0)
      assert.equal(component.memoryBytes, kept)
    }
  })

  test('are kept when a guest trapped, and go when nobody wants them', async ({ mock }) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    const component = await guests.load('test/guests/http-trap-p2/http-trap-p2.wasm')
    await assert.rejects(fetchFrom(component, '/trap'), { code: 'trapped' })
    assert.ok(component.memoryBytes > 0)
    assert.equal((await fetchFrom(component, '/')).text, 'fine\n')
    await assert.rejects(fetchFrom(component, '/trap'), { code: 'trapped' })
    mock.timers.tick(10_000)
    assert.ok(component.memoryBytes > 0)
    mock.timers.tick(10_000)
    assert.equal(component.memoryBytes, 0)
  })

  test('stay within what one component may keep', async () => {
    const component = await guests.load('test/guests/kv-p2/kv-p2.wasm', {
      settings: { reuse: { invocations: 1 } },
    })
    const all = Promise.withResolvers<void>()
    let waiting = 0
    const services = fakeServices({
      async invoke() {
        waiting += 1
        if (waiting === 300) all.resolve()
        await all.promise
        return { tag: 'ok', val: undefined }
      },
    })
    await Promise.all(Array.from({ length: 300 }, () => fetchFrom(component, '/get?k', { services })))
    assert.equal(component.ready, 0)
    assert.ok(component.memoryBytes > 0)
    assert.ok(component.memoryBytes <= 256 * 1024 * 1024, `${component.memoryBytes} bytes were kept`)
  })
})

describe('reuse', () => {
  test('lets an instance keep its state for so many invocations', async () => {
    const component = await guests.load(marks, { settings: { reuse: { invocations: 3 } } })
    const calls = []
    for (let time = 0; time < 7; time++)
      calls.push(/calls (\d+)/.exec((await fetchFrom(component, '/')).text)?.[1])
    assert.deepEqual(calls, ['1', '2', '3', '1', '2', '3', '1'])
  })

  test('of a WASI 0.3 instance by several invocations at once answers each with its own', async () => {
    const component = await guests.load('test/guests/http-hello-p3/http-hello-p3.wasm', {
      settings: { reuse: { invocations: 1000, concurrent: 64 } },
    })
    const body = (number: number) =>
      (async function* () {
        yield Buffer.from(`body ${number} `)
        await new Promise((resolve) => setTimeout(resolve, 5))
        yield Buffer.from('end')
      })()
    const answers = await Promise.all(
      Array.from({ length: 64 }, (_, number) =>
        fetchFrom(component, '/echo', { method: 'post', body: body(number) }),
      ),
    )
    assert.deepEqual(
      answers.map(({ text }) => text),
      Array.from({ length: 64 }, (_, number) => `body ${number} end`),
    )
  })

  test('ends for all that wait for a turn in it when it is given up', async () => {
    const pace = new Pace()
    const component = await guests.load('test/guests/http-hello-p3/http-hello-p3.wasm', {
      settings: { reuse: { invocations: 1000, concurrent: 64 } },
      pace,
    })
    const caller = new AbortController()
    const asked = Array.from({ length: 4 }, () => fetchFrom(component, '/', { signal: caller.signal }))
    caller.abort(new WeftError('cancelled', 'gone'))
    for (const one of asked) await assert.rejects(one, { code: 'cancelled' })
    await new Promise((resolve) => setImmediate(resolve))
    const [, running] = new Int32Array(pace.memory.buffer)
    assert.equal(running, 0)
  })

  test('ends with the instance when its guest traps', async () => {
    const component = await guests.load('test/guests/http-trap-p2/http-trap-p2.wasm', {
      settings: { reuse: { invocations: 1000 } },
    })
    await fetchFrom(component, '/')
    await assert.rejects(fetchFrom(component, '/trap'), { code: 'trapped' })
    assert.equal((await fetchFrom(component, '/')).text, 'fine\n')
  })
})
