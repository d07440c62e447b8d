import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Invoke } from '../../src/call/call.ts'
import { parseWitInterfaces } from '../../src/wit/parse.ts'
import type { WitInterface } from '../../src/wit/type.ts'
import type { Serving } from '../../src/wrpc/serve.ts'
import { until } from '../support/until.ts'
import { openWorkplace, type RunningWeft, root } from '../support/weft.ts'
import {
  bytesInChunks,
  bytesOf,
  type CallMore,
  callOf,
  connectPeer,
  elementsOf,
  type Peer,
} from '../wrpc/peers.ts'
import type { findPeer } from './find-peer.ts'
import { type Running, runProgram, startProgram } from './run-program.ts'
import { textAt } from './text-at.ts'

const calcWit = 'test/guests/calc/wit/calc.wit'
const flowWit = 'test/conformance/wit/peer.wit'

/** What a foreign peer is known by. */
export interface ForeignPeer {
  /** `Rust`: as its greeting says. */
  readonly language: string
  readonly program: ReturnType<typeof findPeer>
  /** A character that it writes as Weft does. */
  readonly char: string
}

/** What every foreign wRPC peer and Weft must do with each other: calls both ways, of every shape. */
export function wrpcSuite(peer: ForeignPeer): void {
  describe(`a wRPC peer in ${peer.language}`, { skip: peer.program.skip }, () => {
    let place: Awaited<ReturnType<typeof openWorkplace>>
    let up: RunningWeft
    let url: string
    let chain: { path: string; url: string }
    let weft: Peer
    let serving: Serving
    let foreign: Running
    let greeter: Running
    let flow: WitInterface
    let calc: WitInterface

    before(async () => {
      flow = await interfaceIn(flowWit)
      calc = await interfaceIn(calcWit)
      place = await openWorkplace()
      chain = await place.manifest('manifests/chain/app.yaml')
      up = place.start(['up', '--port', '0', '--threads', '1', chain.path])
      await up.seen(/weft is up/)
      url = String(/nats:\/\/127\.0\.0\.1:\d+/.exec(up.output()))
      weft = await connectPeer(url)
      serving = await weft.serve(answerFlow, { interfaces: [flow] })
      foreign = startProgram(peer.program.path, ['serve', url, 'test.foreign'])
      greeter = startProgram(peer.program.path, ['serve', url, 'default.foreign-greeter'])
      await Promise.all([foreign.seen(/ready/), greeter.seen(/ready/)])
    })
    after(async () => {
      await foreign?.stop()
      await greeter?.stop()
      await serving?.drain()
      await weft?.connection.close()
      await place?.close()
    })

    const call = (of: WitInterface, name: string, args: readonly unknown[] = [], more: CallMore = {}) => {
      const found = of.functions.find((each) => each.name === name)
      if (!found) throw new Error(`no function ${name}`)
      const base = callOf('echo', args, { target: 'foreign', deadline: Date.now() + 20_000, ...more })
      return weft.invoke({ ...base, operation: { interface: of.id, function: found } })
    }

    /** Runs the peer's own checks against what Weft serves under a prefix. */
    const checked = async (prefix: string, checks: 'flow' | 'calc') => {
      const ran = await runProgram(peer.program.path, ['call', url, prefix, checks])
      const lines = ran.out.trim().split('\n')
      assert.deepEqual(
        lines.filter((line) => !line.startsWith('ok ')),
        [],
        `${ran.err}\n${serving ? weft.lines.map((line) => JSON.stringify(line)).join('\n') : ''}`,
      )
      assert.equal(ran.code, 0, ran.err)
      return lines.length
    }

    test('it calls Weft: bytes beyond one message, streams, futures, handles, failures', async () => {
      assert.ok((await checked('test.server', 'flow')) > 12)
    })

    test('it calls a component on a Weft host: every type of value', async () => {
      const scaled = await place.run([
        'scale',
        'calc',
        '4',
        '--ref',
        join(root, 'test/guests/calc/calc.wasm'),
      ])
      assert.equal(scaled.code, 0, scaled.err)
      assert.ok((await checked('default.calc', 'calc')) > 28)
    })

    test('Weft calls it: every type of value', async () => {
      const ada = { name: 'Ada', age: 36, home: { x: 1, y: -1 }, tags: ['a', 'b'] }
      const echoes: Record<string, unknown> = {
        'echo-bool': true,
        'echo-u8': 255,
        'echo-s8': -128,
        'echo-u16': 65535,
        'echo-s16': -32768,
        'echo-u32': 2 ** 32 - 1,
        'echo-s32': -(2 ** 31),
        'echo-u64': 2n ** 64n - 1n,
        'echo-s64': -(2n ** 63n),
        'echo-f32': 1.5,
        'echo-f64': -0.1,
        'echo-char': peer.char,
        'echo-string': 'h€llo',
        'echo-bytes': Uint8Array.of(0, 255),
        'echo-u64s': [1n, 2n ** 64n - 1n],
        'echo-strings': [['a', ''], ['b']],
        'echo-tuple': [1, 'x', [true, peer.char]],
        'echo-option': undefined,
        'echo-result': { tag: 'err', val: 'no' },
        'echo-results': [
          { tag: 'ok', val: undefined },
          { tag: 'err', val: { tag: 'refused', val: ada } },
        ],
        'echo-person': ada,
        'echo-shape': { tag: 'polygon', val: [{ x: 1, y: 2 }] },
        'echo-color': 'blue',
        'echo-rights': { read: true, write: false, execute: true },
      }
      for (const [name, value] of Object.entries(echoes))
        assert.deepEqual(await call(calc, name, [value]), value, name)
      assert.equal(await call(calc, 'add', [2, -3]), -1)
      assert.equal(await call(calc, 'nothing'), undefined)
      const fail = { tag: 'err', val: { tag: 'too-big', val: 2n ** 64n - 1n } }
      assert.deepEqual(await call(calc, 'fail'), fail)
    })

    test('Weft calls it: bytes beyond one message, streams, futures, handles', async () => {
      const maxPayload = weft.connection.info?.max_payload ?? 0
      for (const size of [0, maxPayload - 500, maxPayload, 3_000_000]) {
        const data = new Uint8Array(size).map((_, index) => index % 253)
        assert.deepEqual(await call(flow, 'big', [data]), data, `${size} bytes`)
      }
      assert.equal(await call(flow, 'upload', [bytesInChunks(5_000_000)]), 5_000_000n)
      const expected = await bytesOf(bytesInChunks(5_000_000))
      assert.deepEqual(await bytesOf(await call(flow, 'download', [5_000_000n])), expected)
      assert.equal((await bytesOf(await call(flow, 'download', [0n]))).length, 0)
      const numbers = await call(flow, 'numbers', [inChunks([1, 2], [], [2 ** 32 - 1])])
      assert.deepEqual(await elementsOf(numbers), [1, 2, 2 ** 32 - 1])
      const body = { content: bytesInChunks(300_000), trailers: Promise.resolve('end') }
      const piped = (await call(flow, 'pipe', [body])) as { val: { content: unknown; trailers: unknown } }
      assert.equal((await bytesOf(piped.val.content)).length, 300_000)
      assert.equal(await piped.val.trailers, 'end')
      assert.deepEqual(await call(flow, 'later', [Promise.resolve([7])]), [7])
      const bucket = await call(flow, '[constructor]bucket', ['weft'])
      assert.equal(await call(flow, '[method]bucket.name', [bucket]), 'weft')
      await until(() => weft.inbox.size === 0, { what: 'nothing is left of the calls' })
    })

    test("Weft's own headers come along and harm nothing", async () => {
      const trace = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: true, traceState: '' }
      const names = (await call(flow, 'headers', [], { trace })) as string[]
      for (const name of ['source-id', 'target-id', 'link-name', 'traceparent', 'weft-peer'])
        assert.ok(names.includes(name), `${name} in ${names}`)
    })

    test('a handler that fails is an error at Weft, at once', async () => {
      const start = performance.now()
      await assert.rejects(call(flow, 'break-off'), { code: 'unavailable' })
      assert.ok(performance.now() - start < 5000)
    })

    test('200 calls at once by Weft are kept apart', async () => {
      const texts = Array.from({ length: 200 }, (_, index) => `text ${index}`)
      assert.deepEqual(await Promise.all(texts.map((text) => call(calc, 'echo-string', [text]))), texts)
    })

    test('a component on a Weft host calls it over a link', async () => {
      const args = ['gateway', 'foreign-greeter', 'weft-example:greetings/greeter']
      await until(() => textAt(`${chain.url}/?name=Ada`), { timeoutMs: 20_000 })
      assert.equal((await place.run(['app', 'undeploy', 'chain'])).code, 0)
      const gateway = join(root, 'manifests/chain/gateway/gateway.wasm')
      assert.equal((await place.run(['scale', 'gateway', '4', '--ref', gateway])).code, 0)
      assert.equal((await place.run(['link', 'put', ...args])).code, 0)
      const port = new URL(chain.url).port
      await place.run(['config', 'put', 'web', `address=127.0.0.1:${port}`])
      await place.run(['start', 'provider', 'web', 'wasmcloud+builtin://http-server'])
      await place.run([
        'link',
        'put',
        'web',
        'gateway',
        'wasi:http/incoming-handler',
        '--source-config',
        'web',
      ])
      const answer = await until(() => textAt(`${chain.url}/?name=Ada`), { timeoutMs: 20_000 })
      assert.match(answer, new RegExp(`Hello Ada, from ${peer.language}`))
    })
  })
}

async function interfaceIn(path: string): Promise<WitInterface> {
  const text = await readFile(join(root, path), 'utf8')
  // The world names interfaces of other files.
  const [found] = parseWitInterfaces(text.slice(0, text.indexOf('\nworld ')))
  if (!found) throw new Error(`no interface in ${path}`)
  return found
}

async function* inChunks<T>(...chunks: T[][]): AsyncGenerator<T[]> {
  yield* chunks
}

/** Answers `flow` as every peer does. */
const answerFlow: Invoke = async (call) => {
  const [first] = call.args
  switch (call.operation.function.name) {
    case 'upload':
      return BigInt((await bytesOf(first)).length)
    case 'download':
      return bytesInChunks(Number(first))
    case 'pipe':
      return { tag: 'ok', val: first }
    case '[constructor]bucket':
      return new TextEncoder().encode(String(first))
    case '[method]bucket.name':
      return new TextDecoder().decode(first as Uint8Array)
    case 'headers':
      return call.source === '<unknown>' || call.context.trace === undefined
        ? []
        : ['source-id', 'traceparent']
    case 'break-off':
      throw new Error('broken off')
    default:
      return first
  }
}
