import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Pace } from '../../src/component/pace.ts'
import { WeftError } from '../../src/errors.ts'
import { fakeServices, fetchFrom, guestCall, openGuests } from '../support/guest.ts'

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
