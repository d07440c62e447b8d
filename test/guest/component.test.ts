import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Invoke } from '../../src/call/call.ts'
import type { HttpResult } from '../../src/capability/http.ts'
import { type KeyValueBucket, serveKeyvalue } from '../../src/capability/keyvalue-serve.ts'
import { WeftError } from '../../src/errors.ts'
import type { GuestComponent } from '../../src/guest/component.ts'
import { fakeServices, fetchFrom, guestCall, openGuests, requestTo } from '../support/guest.ts'

let guests: Awaited<ReturnType<typeof openGuests>>
before(async () => {
  guests = await openGuests()
})
after(() => guests.close())

for (const guest of ['http-hello-p2', 'http-hello-p3']) {
  describe(`an HTTP component: ${guest}`, () => {
    let component: GuestComponent
    before(async () => {
      component = await guests.load(`test/guests/${guest}/${guest}.wasm`)
    })

    test('answers a request', async () => {
      const { response, text } = await fetchFrom(component, '/')
      assert.equal(response.status, 200)
      assert.match(text, /hello/)
    })

    test('gives the status that the guest sets', async () => {
      assert.equal((await fetchFrom(component, '/nowhere')).response.status, 404)
    })

    test('streams a body in and out', async () => {
      async function* body() {
        for (let at = 0; at < 20; at++) yield new Uint8Array(10_000).fill(at)
      }
      const { text } = await fetchFrom(component, '/echo', { method: 'post', body: body() })
      assert.equal(text.length, 200_000)
    })

    test('runs many invocations side by side', async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetchFrom(component, '/')))
      assert.ok(answers.every(({ response }) => response.status === 200))
    })
  })
}

test('a component that waits is resumed by its timers', async () => {
  const p2 = await guests.load('test/guests/http-hello-p2/http-hello-p2.wasm')
  const p3 = await guests.load('test/guests/http-hello-p3/http-hello-p3.wasm')
  assert.equal((await fetchFrom(p2, '/stream')).response.status, 200)
  assert.equal((await fetchFrom(p3, '/wait')).response.status, 200)
})

describe('a component that traps', () => {
  test('fails its call with the place in the guest, in message and log', async () => {
    const component = await guests.load('test/guests/http-trap-p2/http-trap-p2.wasm')
    const services = fakeServices()
    await assert.rejects(fetchFrom(component, '/trap', { services }), { code: 'trapped' })
    const line = services.lines.find(({ level }) => level === 'error')
    assert.equal(line?.attributes['component'], 'guest')
    assert.equal(line?.attributes['traceId'], 'a'.repeat(32))
    assert.match(String(line?.attributes['operation']), /handle/)
    assert.match(String(line?.attributes['stack']), /burn_the_cake[\s\S]*open_the_oven/)
  })

  test('leaves the next invocation untouched', async () => {
    const component = await guests.load('test/guests/http-trap-p2/http-trap-p2.wasm')
    await assert.rejects(fetchFrom(component, '/trap'))
    assert.equal((await fetchFrom(component, '/')).response.status, 200)
  })

  test('in mid-stream breaks the body off', async () => {
    const component = await guests.load('test/guests/http-trap-p2/http-trap-p2.wasm')
    const services = fakeServices()
    const call = guestCall(component, 'handle', [requestTo('/trap-mid-stream', {})])
    const result = (await component.run(call, services)) as HttpResult
    const failure = { code: 'trapped', message: /component guest trapped in wrpc:http\S+handle: unreachable/ }
    await assert.rejects(async () => {
      if (result.tag === 'ok') for await (const _ of result.val.body);
    }, failure)
    // Who watches the call learns it too: it is a trap in traces and metrics.
    const { code, message } = WeftError.from(await call.course.held)
    assert.equal(code, 'trapped')
    assert.match(message, failure.message)
    assert.equal(services.offences, 1)
    const lines = services.lines.filter(({ level }) => level === 'error')
    assert.deepEqual(
      lines.map(({ attributes }) => /open_the_oven|burn/.test(String(attributes['stack']))),
      [true],
    )
  })

  test('on WASI 0.3 too', async () => {
    const component = await guests.load('test/guests/http-hello-p3/http-hello-p3.wasm')
    await assert.rejects(fetchFrom(component, '/trap'), { code: 'trapped' })
  })
})

test('an error-code of a WASI 0.3 guest is the result, not a failure', async () => {
  const component = await guests.load('test/guests/http-hello-p3/http-hello-p3.wasm')
  await assert.rejects(fetchFrom(component, '/error'), /error-code/)
})

describe('custom interfaces', () => {
  const values: readonly (readonly [string, readonly unknown[], unknown?])[] = [
    ['echo-bool', [true]],
    ['echo-u8', [255]],
    ['echo-s8', [-128]],
    ['echo-u16', [65_535]],
    ['echo-s16', [-32_768]],
    ['echo-u32', [4_294_967_295]],
    ['echo-s32', [-5]],
    ['echo-u64', [18_446_744_073_709_551_615n]],
    ['echo-s64', [-9_223_372_036_854_775_808n]],
    ['echo-f32', [1.5]],
    ['echo-f64', [Math.PI]],
    ['echo-char', ['😀']],
    ['echo-string', ['h€llo']],
    ['echo-bytes', [Uint8Array.of(1, 2, 255)]],
    ['echo-u64s', [[1n, 2n]]],
    ['echo-strings', [[['a'], [], ['b', 'c']]]],
    ['echo-tuple', [[7, 'x', [true, 'ß']]]],
    ['echo-option', [undefined]],
    ['echo-option', ['some']],
    ['echo-option-option', [{ tag: 'some', val: undefined }]],
    ['echo-option-option', [{ tag: 'none' }]],
    ['echo-person', [{ name: 'Ada', age: 36, home: { x: 1, y: -1 }, tags: ['a'] }]],
    ['echo-shape', [{ tag: 'polygon', val: [{ x: 1, y: 2 }] }]],
    ['echo-color', ['green']],
    ['echo-rights', [{ read: true, write: false, execute: true }]],
  ]
  for (const [name, args, expected] of values) {
    test(`${name} gives back ${JSON.stringify(args, (_, value) => (typeof value === 'bigint' ? String(value) : value))}`, async () => {
      const calc = await guests.load('test/guests/calc/calc.wasm')
      assert.deepEqual(await calc.run(guestCall(calc, name, args), fakeServices()), expected ?? args[0])
    })
  }

  test('a result comes back as a value, ok and err alike', async () => {
    const calc = await guests.load('test/guests/calc/calc.wasm')
    const echo = (val: unknown) => calc.run(guestCall(calc, 'echo-result', [val]), fakeServices())
    assert.deepEqual(await echo({ tag: 'ok', val: 3 }), { tag: 'ok', val: 3 })
    assert.deepEqual(await echo({ tag: 'err', val: 'no' }), { tag: 'err', val: 'no' })
    const failed = (await calc.run(guestCall(calc, 'fail', []), fakeServices())) as { tag: string }
    assert.equal(failed.tag, 'err')
  })

  test('a trap names the operation', async () => {
    const calc = await guests.load('test/guests/calc/calc.wasm')
    await assert.rejects(calc.run(guestCall(calc, 'trap', []), fakeServices()), {
      code: 'trapped',
      message: /guest trapped in weft-test:calc\/api@0\.1\.0\.trap/,
    })
  })

  test('an import without a link says which link is missing', async () => {
    const component = await guests.load('test/guests/needs-unknown/needs-unknown.wasm')
    const call = guestCall(component, 'ask', ['why'])
    await assert.rejects(component.run(call, fakeServices({ linked: false })), {
      code: 'not_found',
      message:
        /no link named default for acme:weird\/thing: add a link with namespace acme, package weird, interface thing/,
    })
  })
})

describe('capabilities', () => {
  const stored = new Map<string, Uint8Array>()
  const store: KeyValueBucket = {
    get: async (key) => stored.get(key),
    set: async (key, value) => void stored.set(key, value),
    delete: async (key) => void stored.delete(key),
    exists: async (key) => stored.has(key),
    listKeys: async () => ({ keys: [...stored.keys()].sort() }),
    async increment(key, delta) {
      const sum = BigInt(Buffer.from(stored.get(key) ?? '0').toString()) + delta
      stored.set(key, Buffer.from(String(sum)))
      return sum
    },
    async compareAndSet() {
      return false
    },
  }
  const invoke: Invoke = serveKeyvalue(() => store)

  test('key-value of draft 1: store, atomics, batch', async () => {
    const kv = await guests.load('test/guests/kv-p2/kv-p2.wasm')
    const services = fakeServices({ invoke })
    const get = async (path: string) => (await fetchFrom(kv, path, { services })).text.trim()
    await get('/set?k=v')
    assert.equal(await get('/get?k'), 'v')
    assert.equal(await get('/increment?n=2'), '2')
    assert.equal(await get('/increment?n=3'), '5')
    await get('/set-many?a=1&b=2')
    assert.match(await get('/get-many?a&b'), /1[\s\S]*2/)
    assert.match(await get('/keys'), /a[\s\S]*b[\s\S]*k[\s\S]*n/)
    assert.match(await get('/exists?k'), /true/)
    await get('/delete?k')
    assert.match(await get('/exists?k'), /false/)
  })

  test('a provider that fails is an error value in the guest, not a trap', async () => {
    const kv = await guests.load('test/guests/kv-p2/kv-p2.wasm')
    const services = fakeServices({
      invoke: () => Promise.reject(new WeftError('not_found', 'nobody is there')),
    })
    const { response, text } = await fetchFrom(kv, '/get?k', { services })
    assert.equal(response.status, 500)
    assert.match(text, /nobody is there/)
  })

  test('config, logging, stdout and stderr reach the guest and the log', async () => {
    const kv = await guests.load('test/guests/kv-p2/kv-p2.wasm')
    const services = fakeServices({ config: { greeting: 'Hi' } })
    assert.match((await fetchFrom(kv, '/config?greeting', { services })).text, /Hi/)
    await fetchFrom(kv, '/log?info=noted', { services })
    await fetchFrom(kv, '/stdout?spoken', { services })
    await fetchFrom(kv, '/stderr?wailed', { services })
    const line = (message: string) => services.lines.find((each) => each.message.includes(message))
    assert.equal(line('noted')?.attributes['stream'], 'wasi:logging')
    assert.equal(line('spoken')?.attributes['stream'], 'stdout')
    assert.equal(line('wailed')?.attributes['stream'], 'stderr')
  })

  test('the environment is empty unless something is granted', async () => {
    const kv = await guests.load('test/guests/kv-p2/kv-p2.wasm')
    assert.doesNotMatch((await fetchFrom(kv, '/env')).text, /PATH/)
  })

  test('the TypeScript example counts in key-value and greets from config', async () => {
    const hello = await guests.load('manifests/hello/hello.wasm')
    const services = fakeServices({ invoke, config: { greeting: 'Ahoy' } })
    assert.equal((await fetchFrom(hello, '/', { services })).text, 'Ahoy from Weft: visit 1\n')
    assert.equal((await fetchFrom(hello, '/', { services })).text, 'Ahoy from Weft: visit 2\n')
    assert.equal(services.lines.filter(({ message }) => message === 'visit 2').length, 1)
  })
})

test('a caller that gives up ends an invocation that waits', async () => {
  const kv = await guests.load('test/guests/kv-p2/kv-p2.wasm')
  const caller = new AbortController()
  const answer = fetchFrom(kv, '/sleep?60000', { signal: caller.signal })
  setImmediate(() => caller.abort(new WeftError('cancelled', 'the caller left')))
  await assert.rejects(answer, { code: 'cancelled' })
})

test('a call that was given up before does not run', async () => {
  const calc = await guests.load('test/guests/calc/calc.wasm')
  const given = AbortSignal.abort(new WeftError('cancelled', 'the caller left'))
  await assert.rejects(calc.run(guestCall(calc, 'add', [1, 2], given), fakeServices()), { code: 'cancelled' })
  assert.equal(calc.memoryBytes, 0)
})
