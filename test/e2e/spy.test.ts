import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Link } from '../../src/lattice/link.ts'
import { type LatticeHost, openLattice, type TestLattice } from '../support/lattice.ts'
import { until } from '../support/until.ts'
import { freePort } from '../support/weft.ts'

const link = (source_id: string, target: string, wit: readonly string[]): Link => {
  const [wit_namespace = '', wit_package = '', name = ''] = wit
  const source_config = source_id === 'http' ? ['address'] : []
  const ends = { source_id, target, name: 'default', source_config, target_config: [] }
  return { ...ends, wit_namespace, wit_package, interfaces: [name] }
}

describe('weft spy', () => {
  let lattice: TestLattice
  let near: LatticeHost
  let far: LatticeHost
  let url: string
  before(async () => {
    lattice = await openLattice()
    near = await lattice.startHost('--name', 'near')
    far = await lattice.startHost('--name', 'far')
    const port = await freePort()
    url = `http://127.0.0.1:${port}/?name=`
    await lattice.client.putConfig('address', { address: `127.0.0.1:${port}` })
    await lattice.startProvider(near, 'http', 'http-server')
    const greeter = 'manifests/chain/greeter/greeter.wasm'
    await lattice.scale(near, {
      component_id: 'gateway',
      count: 9,
      path: 'manifests/chain/gateway/gateway.wasm',
    })
    await lattice.scale(far, { component_id: 'greeter', count: 9, path: greeter })
    await lattice.client.putLink(link('http', 'gateway', ['wasi', 'http', 'incoming-handler']))
    await lattice.client.putLink(link('gateway', 'greeter', ['weft-example', 'greetings', 'greeter']))
    await until(
      () =>
        fetch(`${url}Ada`).then(
          (answer) => answer.ok,
          () => false,
        ),
      { timeoutMs: 20_000 },
    )
  })
  after(() => lattice.close())

  /** Starts `weft spy …` and asks for `name` until it has ended. */
  async function spied(name: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const spying = lattice.place.run(['spy', ...args, '--nats-url', lattice.nats.url])
    let isOver = false
    const asking = (async () => {
      while (!isOver) await fetch(`${url}${name}`).then((answer) => answer.text())
    })()
    const ended = await spying
    isOver = true
    await asking
    return ended
  }

  test('shows who calls, what, for how long and with what end, on every host', async () => {
    const { code, out, err } = await spied('Ada', 'greeter', '--args', '-o', 'json', '--limit', '3')
    assert.equal(code, 0, err)
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.equal(lines.length, 3)
    for (const line of lines) {
      assert.equal(line['source'], 'gateway')
      assert.match(String(line['operation']), /^weft-example:greetings\/greeter(@[\d.]+)?\.greet$/)
      assert.deepEqual(line['args'], { name: 'Ada' })
      assert.match(String(line['traceId']), /^[0-9a-f]{32}$/)
      assert.deepEqual([line['outcome'], line['host'], typeof line['ms']], ['ok', 'far', 'number'])
    }
  })

  test('sees calls that never leave their thread, and errors', async () => {
    const local = await spied('Ada', 'gateway', '--limit', '1')
    assert.match(local.err, /watching the calls of gateway on near; Ctrl-C ends it/)
    assert.match(
      local.out,
      /^[\d:.]+ http → wrpc:http\/incoming-handler@0\.1\.0\.handle [\d.]+ \S?s ok [0-9a-f]{32} @near$/m,
    )
    const failing = await spied('', 'greeter', '--limit', '1')
    assert.match(failing.out, / err /)
  })

  test('says where nothing is to be seen, and what is wrong with its flags', async () => {
    const nobody = await spied('Ada', 'nobody')
    assert.deepEqual([nobody.code, nobody.out], [1, ''])
    assert.match(nobody.err, /nobody runs on none of the 2 hosts/)
    assert.match(
      (await spied('Ada', 'greeter', '--sample', '2')).err,
      /--sample: expected a share such as 0\.1/,
    )
  })

  test('nobody else is called or kept from calling: a component that is gone is still not found at once', async () => {
    const spying = lattice.place.start(['spy', 'greeter', '--nats-url', lattice.nats.url])
    await spying.seen(/watching the calls of greeter on far/)
    await lattice.client.scale({
      host_id: far.id,
      component_id: 'greeter',
      component_ref: '',
      count: 0,
      annotations: {},
      config: [],
      allow_update: false,
    })
    const start = performance.now()
    await until(() => fetch(`${url}Ada`).then((answer) => answer.status === 500 || answer.status === 503))
    assert.ok(performance.now() - start < 4_000)
    await lattice.scale(far, {
      component_id: 'greeter',
      count: 1,
      path: 'manifests/chain/greeter/greeter.wasm',
    })
    await until(() => fetch(`${url}Ada`).then((answer) => answer.ok))
    await spying.seen(/gateway → weft-example:greetings\/greeter/)
    assert.equal(await spying.stop('SIGINT'), 0)
  })
})
