import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../support/until.ts'
import { openWorkplace, root } from '../support/weft.ts'

describe('the commands that control a lattice', () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let host: string
  before(async () => {
    place = await openWorkplace()
    const up = place.start(['up', '--port', '0', '--ephemeral', '--threads', '1'])
    await up.seen(/weft is up/)
    const [first] = JSON.parse((await weft('get', 'hosts', '-o', 'json')).out) as { friendly_name: string }[]
    host = first?.friendly_name ?? ''
  })
  after(() => place.close())

  const weft = (...args: string[]) => place.run(args)
  /** Runs a command that must end with 0; gives what it printed. */
  const ok = async (...args: string[]) => {
    const { code, out, err } = await weft(...args)
    assert.equal(code, 0, `weft ${args.join(' ')}: ${err}`)
    return out
  }
  const json = async (...args: string[]) => JSON.parse(await ok(...args, '-o', 'json')) as unknown

  test('config is put, shown and deleted', async () => {
    assert.match(await ok('config', 'put', 'greetings', 'hello=Ahoy', 'url=http://x/?a=b'), /greetings put/)
    assert.equal(await ok('config', 'get', 'greetings'), 'hello=Ahoy\nurl=http://x/?a=b\n')
    assert.deepEqual(await json('config', 'get', 'greetings'), { hello: 'Ahoy', url: 'http://x/?a=b' })
    await ok('config', 'del', 'greetings')
    const gone = await weft('config', 'get', 'greetings')
    assert.deepEqual([gone.code, gone.err], [1, 'weft: there is no config greetings\n'])
  })

  test('a link is put and deleted while its ends run', async () => {
    await ok('start', 'provider', 'kv', 'wasmcloud+builtin://keyvalue-nats', '--host', host)
    await ok('scale', 'counter', '2', '--ref', join(root, 'test/guests/kv-p2/kv-p2.wasm'))
    await ok('config', 'put', 'bucket', 'bucket=counters')
    await ok('link', 'put', 'counter', 'kv', 'wasi:keyvalue/store,atomics,batch', '--target-config', 'bucket')
    const links = (await json('get', 'links')) as {
      source_id: string
      target: string
      target_config: string[]
    }[]
    assert.deepEqual(
      links.map(({ source_id, target, target_config }) => [source_id, target, target_config]),
      [['counter', 'kv', ['bucket']]],
    )
    await ok('link', 'del', 'counter', 'wasi:keyvalue')
    assert.equal(await ok('get', 'links'), 'no links\n')
  })

  test('a function of a component is called with JSON, and answers in JSON', async () => {
    const image = join(root, 'test/guests/calc/calc.wasm')
    assert.equal(
      await ok('start', 'component', 'calc', image, '--instances', '2'),
      `component calc runs on ${host}\n`,
    )
    assert.equal(await ok('call', 'calc', 'weft-test:calc/api.add', '2', '3'), '5\n')
    assert.equal(
      await ok('call', 'calc', 'api.echo-u64', '"18446744073709551615"'),
      '"18446744073709551615"\n',
    )
    const person = { name: 'Ada', age: 36, home: { x: 1, y: -1 }, tags: ['a'] }
    const answer = (await json('call', 'calc', 'echo-person', JSON.stringify(person))) as {
      result: unknown
      traceId: string
    }
    assert.deepEqual(answer.result, person)
    assert.match(answer.traceId, /^[0-9a-f]{32}$/)
    for (const [args, message] of [
      [['add', '2'], /add takes 2 arguments/],
      [['add', '2', 'x'], /"x" is not JSON/],
      [['add', '2', '"x"'], /expected a whole number/],
      [['echo-persom', '1'], /did you mean .*echo-person/],
    ] as const) {
      const wrong = await weft('call', 'calc', ...args)
      assert.deepEqual([wrong.code, message.test(wrong.err)], [2, true], wrong.err)
    }
    assert.match((await weft('call', 'calc', 'trap')).err, /trace [0-9a-f]{32}\n.*trapped/s)
    await ok('stop', 'component', 'calc')
  })

  test('labels of a host come and go', async () => {
    await ok('label', 'put', host, 'zone=eu', 'disk=ssd')
    const labels = async () => {
      const [one] = (await json('get', 'hosts')) as { labels: Record<string, string> }[]
      return one?.labels
    }
    assert.deepEqual([(await labels())?.['zone'], (await labels())?.['disk']], ['eu', 'ssd'])
    await ok('label', 'del', host, 'zone')
    assert.equal((await labels())?.['zone'], undefined)
  })

  test('a component gets another image, then it and its provider stop', async () => {
    const image = join(root, 'test/guests/calc/calc.wasm')
    const said = await ok('update', 'counter', `file://${image}`)
    assert.match(said, /.*kv-p2.* → .*calc/)
    const components = async () =>
      (await json('get', 'components')) as { id: string; on: { item: { image_ref: string } }[] }[]
    await until(async () => (await components())[0]?.on[0]?.item.image_ref.endsWith('calc.wasm'))
    assert.match(await ok('stop', 'component', 'counter'), new RegExp(`stops on ${host}`))
    await until(async () => (await components()).length === 0)
    // As wash and wadm wait for it: a builtin one's whole reference.
    assert.match(await ok('get', 'providers'), /wasmcloud\+builtin:\/\/keyvalue-nats/)
    await ok('stop', 'provider', 'kv')
    assert.equal(await ok('get', 'providers'), 'no providers run\n')
    assert.match(await ok('get', 'claims'), /no signed/)
  })

  test('what is wrong is named, with exit code 2 for input and 1 for what is not there', async () => {
    for (const [args, code, message] of [
      [['config', 'put', 'x', 'novalue'], 2, /expected KEY=VALUE, got "novalue"/],
      [['config', 'putt'], 2, /did you mean put/],
      [['link', 'put', 'a', 'b', 'nonsense'], 2, /is no interface, expected one such as wasi:keyvalue/],
      [['link', 'put', 'a'], 2, /expected SOURCE TARGET INTERFACE/],
      [['label', 'put', 'nobody', 'a=b'], 2, /there is no host nobody/],
      [['stop', 'component', 'nothing'], 1, /component nothing runs on no host/],
      [['start', 'component', 'x', '/nowhere.wasm'], 1, /nowhere\.wasm/],
      [['start', 'provider', 'x', 'wasmcloud+builtin://nope'], 1, /this host has wasmcloud\+builtin/],
      [['update', 'nothing', 'x'], 1, /runs on no host/],
    ] as const) {
      const answer = await weft(...args)
      assert.deepEqual(
        [answer.code, message.test(answer.err)],
        [code, true],
        `${args.join(' ')}: ${answer.err}`,
      )
    }
  })

  test('a host stops when it is told to', async () => {
    const other = place.start(['host', '--threads', '1', '--name', 'short-lived'])
    await other.seen(/has joined lattice/)
    await ok('stop', 'host', 'short-lived', '--grace', '1s')
    await until(async () => ((await json('get', 'hosts')) as object[]).length === 1, { timeoutMs: 15_000 })
  })
})
