import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallAbort } from '../../../src/call/call-abort.ts'
import { noBody, noTrailers } from '../../../src/capability/http.ts'
import { GuestStream } from '../../../src/component/host-ends.ts'
import { Transfer } from '../../../src/component/transfer.ts'
import { WeftError } from '../../../src/errors.ts'
import { Body } from '../../../src/guest/wasi-0-3/body.ts'

const abc = new Uint8Array(Buffer.from('abc'))

async function* broken() {
  yield abc
  throw new WeftError('unavailable', 'the sender has gone')
}

/** What a guest has of a body that it asks for: its bytes, then how it ended. */
async function consumed(body: Body): Promise<{ readonly text: string; readonly end: unknown }> {
  const [contents, trailers] = body.consume(Promise.resolve())
  let text = ''
  try {
    for await (const chunk of contents as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString()
  } catch {
    // A stream of the component model ends early; it tells no failure.
  }
  return { text, end: await trailers }
}

describe('a body on WASI 0.3', () => {
  it('that broke off says so where its trailers would be', async () => {
    const { text, end } = await consumed(Body.received({ body: broken(), trailers: noTrailers }))
    assert.equal(text, 'abc')
    assert.deepEqual(end, { tag: 'err', val: { tag: 'destination-unavailable' } })
  })

  it('that came whole, or that is not wanted, ends well', async () => {
    const whole = async function* () {
      yield abc
    }
    const { text, end } = await consumed(Body.received({ body: whole(), trailers: noTrailers }))
    assert.deepEqual([text, end], ['abc', { tag: 'ok' }])
    assert.deepEqual(await consumed(Body.received({ body: noBody, trailers: noTrailers })), {
      text: '',
      end: { tag: 'ok' },
    })
    const [contents, trailers] = Body.received({ body: broken(), trailers: noTrailers }).consume(
      Promise.resolve(),
    )
    await (contents as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.()
    assert.deepEqual(await trailers, { tag: 'ok' })
  })

  it('that the guest ends with an error has no trailers, also when nobody asks for them', async () => {
    const failed = Promise.resolve({ tag: 'err', val: { tag: 'connection-terminated' } } as const)
    const unheard = new Body(undefined, failed).trailerList()
    await new Promise(setImmediate)
    await assert.rejects(unheard, { message: 'the guest ended its body with connection-terminated' })
  })

  it('tells its guest whether it went out whole', async () => {
    const body = new Body(broken(), Promise.resolve({ tag: 'ok' }))
    const sent = body.sent()
    await assert.rejects(async () => {
      for await (const _ of sent);
    })
    assert.deepEqual(await body.transmitted, { tag: 'err', val: { tag: 'destination-unavailable' } })
  })

  it('that is given up while the host waits for its bytes leaves nobody waiting', async () => {
    const abort = new CallAbort()
    const silent = new GuestStream(new Transfer(), true)
    const body = new Body(silent, Promise.resolve({ tag: 'ok' }))
    const next = body.sent(abort.signal).next()
    abort.abort(new WeftError('deadline', 'too late'))
    await assert.rejects(next, { code: 'deadline' })
    assert.equal((await body.transmitted).tag, 'err')
  })
})
