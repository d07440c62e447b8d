import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts'
import { until } from '../support/until.ts'
import { freePort, openWorkplace, type RunningWeft, root } from '../support/weft.ts'
import { findPeer } from './find-peer.ts'
import { type Running, startProgram } from './run-program.ts'

const program = findPeer('rust-host', 'build it with `node test/conformance/build.ts rust-host`')
const guest = (name: string) => pathToFileURL(join(root, `test/guests/${name}/${name}.wasm`)).href

describe('components on a wasmCloud 1.9.2 host, with providers of Weft', { skip: program.skip }, () => {
  let place: Awaited<ReturnType<typeof openWorkplace>>
  let receiver: OtlpReceiver
  let up: RunningWeft
  let rust: Running
  let onWeft: string
  let onRust: string

  before(
    async () => {
      place = await openWorkplace()
      receiver = await startOtlpReceiver()
      up = place.start(['up', '--ephemeral', '--port', '0', '--threads', '1', '--label', 'host=weft'], {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      })
      await up.seen(/weft is up/)
      const url = String(/nats:\/\/127\.0\.0\.1:\d+/.exec(up.output()))
      rust = startProgram(program.path, [url, 'default', receiver.url], place.env)
      await rust.seen(/ready/)
      const hosts = await until(
        async () => {
          const all = JSON.parse(await ok('get', 'inventory', '-o', 'json')) as Inventory[]
          return all.length === 2 ? all : undefined
        },
        { timeoutMs: 20_000 },
      )
      const named = (label: string) =>
        hosts.find((host) => host.labels['host'] === label)?.friendly_name ?? ''
      onWeft = named('weft')
      onRust = named('rust')
    },
    { timeout: 120_000 },
  )
  after(async () => {
    await rust?.stop()
    await place?.close()
    await receiver?.stop()
  })

  interface Inventory {
    readonly friendly_name: string
    readonly labels: Readonly<Record<string, string>>
  }
  const ok = async (...args: readonly string[]) => {
    const { code, out, err } = await place.run(args)
    assert.equal(code, 0, `weft ${args.join(' ')}: ${err}\n${rust.output().slice(-3000)}`)
    return out
  }
  /** Starts a component on the Rust host with an HTTP server of Weft's in front; gives a way to ask it. */
  const serve = async (id: string, name: string) => {
    const address = `127.0.0.1:${await freePort()}`
    await ok('scale', id, '5', '--ref', guest(name), '--host', onRust)
    await ok('config', 'put', `${id}-web`, `address=${address}`)
    await ok('start', 'provider', `${id}-web`, 'wasmcloud+builtin://http-server', '--host', onWeft)
    await ok('link', 'put', `${id}-web`, id, 'wasi:http/incoming-handler', '--source-config', `${id}-web`)
    const ask = async (path: string, body?: Uint8Array) => {
      const answer = await fetch(
        `http://${address}${path}`,
        body ? { method: 'PUT', body: new Uint8Array(body) } : {},
      )
      const text = await answer.text()
      return answer.status === 200 ? text.trim() : `${answer.status} ${text.trim()}`
    }
    return ask
  }

  test('blobs: containers, objects streamed both ways, ranges, names, copies', async () => {
    await ok('start', 'provider', 'blobs', 'wasmcloud+builtin://blobstore-nats', '--host', onWeft)
    await ok('link', 'put', 'keeper', 'blobs', 'wasi:blobstore/blobstore')
    const ask = await serve('keeper', 'blobs-p2')
    await until(async () => (await ask('/create?box').catch(() => '')) === 'box', { timeoutMs: 30_000 })
    assert.equal(await ask('/exists?box'), 'true')
    assert.match(await ask('/info?box'), /^box \d{10}$/)
    const bytes = Buffer.alloc(5_000_000, 'the quick brown fox; ')
    assert.equal(await ask('/put?box&big', bytes), '5000000 bytes')
    assert.equal(await ask('/get?box&big'), bytes.toString().trim())
    assert.equal(await ask('/get?box&big&2000000&2000008'), bytes.toString('utf8', 2_000_000, 2_000_009))
    assert.equal(await ask('/sync?box&big&0&8'), 'the quick')
    assert.match(await ask('/object?box&big'), /^box\/big 5000000 \d{10}$/)
    for (const name of ['a', 'b', 'c', 'd']) await ask(`/put?box&${name}`, Buffer.from(name))
    assert.deepEqual((await ask('/list?box')).split(' ').slice(2).sort(), ['a', 'b', 'big', 'c', 'd'])
    assert.equal(await ask('/copy?box&a&box&a2'), 'copied')
    assert.equal(await ask('/move?box&b&box&b2'), 'moved')
    assert.equal(await ask('/has?box&b'), 'false')
    assert.equal(await ask('/sync?box&b2'), 'b')
    assert.equal(await ask('/remove?box&c&d'), 'removed')
    assert.match(await ask('/get?box&none'), /there is no object none in container box/)
    assert.equal(await ask('/clear?box'), 'cleared')
    assert.equal(await ask('/list?box'), 'after 0:')
    assert.equal(await ask('/delete?box'), 'deleted')
  })

  test('messages: published, requested, handled there, refused there', async () => {
    await ok('start', 'provider', 'nats', 'wasmcloud+builtin://messaging-nats', '--host', onWeft)
    await ok('config', 'put', 'subjects', 'subscriptions=in.*')
    await ok('link', 'put', 'talker', 'nats', 'wasmcloud:messaging/consumer')
    const ask = await serve('talker', 'messaging-p2')
    await ok('link', 'put', 'nats', 'talker', 'wasmcloud:messaging/handler', '--source-config', 'subjects')
    await until(async () => (await ask('/publish?out.x=hi').catch(() => '')) === 'published', {
      timeoutMs: 30_000,
    })
    assert.equal(await ask('/request?in.question=how'), 'in.question: how')
    assert.match(await ask('/request?nobody.there=x'), /nobody answers on nobody\.there/)
    await ask('/publish?in.x=fail')
    await until(() => /message on in\.x: talker refused it: told to fail/.test(up.output()))
    await ask('/publish?in.x=trap')
    await until(() => /message on in\.x: /.test(up.output().split('told to fail').at(-1) ?? ''))
    assert.equal(await ask('/request?in.question=again'), 'in.question: again')
  })

  test('key-value in memory', async () => {
    await ok('start', 'provider', 'memory', 'wasmcloud+builtin://keyvalue-memory', '--host', onWeft)
    await ok('link', 'put', 'counter', 'memory', 'wasi:keyvalue/store,atomics,batch')
    const ask = await serve('counter', 'kv-p2')
    await until(async () => (await ask('/set?k=v').catch(() => '')) === 'set', { timeoutMs: 30_000 })
    assert.equal(await ask('/get?k'), 'v')
    assert.equal(await ask('/increment?n=5'), '5')
    assert.equal(await ask('/set-many?a=1&b=2'), 'set')
    assert.equal(await ask('/get-many?a&none&b'), 'a=1\n(none)\nb=2')
    assert.equal(await ask('/keys'), 'a\nb\nk\nn')
    assert.equal(await ask('/delete-many?a&b&n'), 'deleted')
    assert.equal(await ask('/keys'), 'k')
  })
})
