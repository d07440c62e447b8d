import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { WeftError } from '../../../src/errors.ts'
import { GuestExit } from '../../../src/guest/wasi-0-2/guest-exit.ts'
import { chunksOf, loadProbe, okOf, type Probe, requestFor, textOf } from './load-probe.ts'

/** What a stream takes before its reader has read. */
const outgoingBufferSize = 64 * 1024

describe('a guest on WASI 0.2', { timeout: 60_000 }, () => {
  let probe: Probe
  before(async () => {
    probe = await loadProbe()
  })

  it('answers a GET with status, headers and body', async () => {
    const run = await probe.run(requestFor('/hello'))
    const response = await okOf(run.response)
    assert.equal(response.status, 200)
    assert.equal(await textOf(response.body), 'hello')
    assert.equal(await response.trailers, undefined)
    await run.done
    const names = response.headers.map(([name]) => name)
    assert.deepEqual(names, ['content-type', 'content-length'])
    assert.match(
      run.output('stdout'),
      /connection: header error 1\nbad name: header error 0\nx-bad: header error 0/,
    )
  })

  it('sees its environment, no files, the clock and random bytes, and writes to stderr', async () => {
    const run = await probe.run(requestFor('/world'), { environment: { WHO: 'weft' } })
    const text = await textOf((await okOf(run.response)).body)
    assert.match(text, /^who=weft file=none year=20\d\d random=16$/)
    await run.done
    assert.equal(run.output('stderr'), 'to stderr\n')
  })

  for (const path of ['/echo', '/echo-poll', '/echo-splice']) {
    it(`${path} streams 5 MB both ways and never has more than the buffer in hand`, async () => {
      const chunk = Buffer.alloc(50_000, 'weft')
      let sent = 0
      let received = 0
      let ahead = 0
      async function* upload() {
        for (let i = 0; i < 100; i++) {
          sent += chunk.byteLength
          ahead = Math.max(ahead, sent - received)
          yield chunk
        }
      }
      const hash = createHash('sha256')
      const run = await probe.run(requestFor(path, upload()))
      for await (const bytes of (await okOf(run.response)).body) {
        received += bytes.byteLength
        hash.update(bytes)
        await new Promise(setImmediate)
      }
      await run.done
      assert.equal(received, 5_000_000)
      const expected = createHash('sha256')
      for (let i = 0; i < 100; i++) expected.update(chunk)
      assert.equal(hash.digest('hex'), expected.digest('hex'))
      assert.ok(ahead <= 2 * outgoingBufferSize + 3 * chunk.byteLength, `ran ${ahead} bytes ahead`)
      assert.equal(run.output('stdout'), '')
    })
  }

  it('keeps to its own invocation while others run on the same thread', async () => {
    const paths = ['/echo', '/echo-poll', '/echo-splice', '/proxy']
    const answers = await Promise.all(
      Array.from({ length: 24 }, async (_, i) => {
        const slowly = async function* () {
          for (let part = 0; part < 3; part++) {
            await new Promise(setImmediate)
            yield Buffer.from(`${i}.${part} `)
          }
        }
        const run = await probe.run(requestFor(paths[i % 4] ?? '', slowly()), {
          sendRequest: async ({ body }) => ({
            tag: 'ok',
            val: { status: 200, headers: [], body, trailers: Promise.resolve(undefined) },
          }),
        })
        const text = await textOf((await okOf(run.response)).body)
        await run.done
        return text
      }),
    )
    assert.deepEqual(
      answers,
      Array.from({ length: 24 }, (_, i) => `${i}.0 ${i}.1 ${i}.2 `),
    )
  })

  it('gives its response and each chunk as they come, between timers', async () => {
    const run = await probe.run(requestFor('/drip'))
    const times: number[] = []
    const texts: string[] = []
    for await (const bytes of (await okOf(run.response)).body) {
      texts.push(Buffer.from(bytes).toString())
      times.push(performance.now())
    }
    await run.done
    assert.deepEqual(texts, ['tick0;', 'tick1;', 'tick2;'])
    assert.ok((times[2] ?? 0) - (times[0] ?? 0) >= 55, `${times}`)
  })

  it('passes trailers both ways', async () => {
    const request = {
      ...requestFor('/trailers', chunksOf('a', 'b')),
      trailers: Promise.resolve([['x-sum', [Buffer.from('42')]]] as const),
    }
    const run = await probe.run(request)
    const response = await okOf(run.response)
    assert.equal(await textOf(response.body), 'ab')
    const trailers = (await response.trailers) ?? []
    await run.done
    assert.deepEqual(
      trailers.map(([name, values]) => [name, values.map((value) => Buffer.from(value).toString())]),
      [
        ['x-sum', ['42']],
        ['x-seen', ['some']],
      ],
    )
  })

  it('gives an error code instead of a response', async () => {
    const run = await probe.run(requestFor('/fail'))
    assert.deepEqual(await run.response, { tag: 'err', val: { tag: 'internal-error', val: 'no tea' } })
    await run.done
  })

  it('rejects with the trap when it traps before its response', async () => {
    const run = await probe.run(requestFor('/trap'))
    await assert.rejects(run.response, WebAssembly.RuntimeError)
    await run.done
  })

  it('rejects as trapped when it returns without a response', async () => {
    const run = await probe.run(requestFor('/none'))
    await assert.rejects(run.response, { code: 'trapped', message: /without setting a response/ })
    await run.done
  })

  it('rejects with the exit code when it exits', async () => {
    const run = await probe.run(requestFor('/exit'))
    await assert.rejects(run.response, (error) => error instanceof GuestExit && error.code === 3)
  })

  it('breaks its body off when it traps in mid-body, after the reader got what was written', async () => {
    const run = await probe.run(requestFor('/trap-late'))
    const texts: string[] = []
    await assert.rejects(
      async () => {
        for await (const bytes of (await okOf(run.response)).body) texts.push(Buffer.from(bytes).toString())
      },
      (error) => error instanceof WeftError && /unreachable/.test(error.message),
    )
    assert.deepEqual(texts, ['tick0;', 'tick1;'])
    await assert.rejects(run.done, /unreachable/)
  })

  it('gets closed when the reader hangs up, and no error comes of it', async () => {
    const run = await probe.run(requestFor('/flood'))
    for await (const _ of (await okOf(run.response)).body) break
    await run.done
    assert.equal(run.output('stdout'), 'write failed: closed\nstopped after few blocks\n')
  })

  it('waits with its writes for a reader that does not read, and ends by abort', async () => {
    const run = await probe.run(requestFor('/flood'))
    const { body } = await okOf(run.response)
    run.abort.abort(new WeftError('deadline', 'out of time'))
    await assert.rejects(Array.fromAsync(body), { code: 'deadline' })
    await assert.rejects(run.done, { code: 'deadline' })
    assert.equal(run.output('stdout'), '')
  })

  it('ends by abort while it sleeps', async () => {
    const run = await probe.run(requestFor('/sleep'))
    run.abort.abort(new WeftError('deadline', 'out of time'))
    await assert.rejects(run.response, { code: 'deadline' })
    await run.done
  })

  it('may write no other length than its content-length says', async () => {
    const short = await probe.run(requestFor('/short'))
    await assert.rejects(textOf((await okOf(short.response)).body), {
      message: /announced 50 bytes and wrote 5/,
    })
    await short.done
    assert.match(short.output('stdout'), /finish failed: error-code 28\n/)
    const long = await probe.run(requestFor('/long'))
    await assert.rejects(textOf((await okOf(long.response)).body), {
      message: /announced 2 bytes and wrote 0/,
    })
    await long.done
    assert.match(long.output('stdout'), /write failed: last-operation-failed\n/)
  })

  it('forwards a request to an upstream and its answer back, streaming', async () => {
    const run = await probe.run(requestFor('/proxy', chunksOf('one ', 'two')), {
      sendRequest: async (request, options) => {
        assert.equal(request.method.tag, 'post')
        assert.equal(request.authority, 'upstream.test')
        assert.equal(request.pathWithQuery, '/up?x=1')
        assert.equal(options.firstByteTimeout, 5_000_000_000n)
        const body = await textOf(request.body)
        const headers = [['x-up', [Buffer.from('yes')]]] as const
        return {
          tag: 'ok',
          val: { status: 203, headers, body: chunksOf('got ', body), trailers: Promise.resolve(undefined) },
        }
      },
    })
    const response = await okOf(run.response)
    assert.equal(response.status, 203)
    assert.deepEqual(response.headers[0]?.[0], 'x-up')
    assert.equal(await textOf(response.body), 'got one two')
    await run.done
  })

  it('is told that its request is denied when there is no way out', async () => {
    const run = await probe.run(requestFor('/proxy', chunksOf('x')))
    const result = await run.response
    assert.equal(result.tag === 'err' && result.val.tag, 'HTTP-request-denied')
    await run.done
  })

  it('gets a failing upstream as an error code', async () => {
    const run = await probe.run(requestFor('/proxy', chunksOf('x')), {
      sendRequest: async () => {
        throw new WeftError('unavailable', 'nobody there')
      },
    })
    const result = await run.response
    assert.equal(result.tag === 'err' && result.val.tag, 'destination-unavailable')
    await run.done
  })
})
