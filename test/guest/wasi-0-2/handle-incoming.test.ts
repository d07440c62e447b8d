import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HttpRequest } from '../../../src/capability/http.ts'
import { Life } from '../../../src/component/life.ts'
import { WeftError } from '../../../src/errors.ts'
import { Fields } from '../../../src/guest/wasi-0-2/fields.ts'
import { handleIncoming, type IncomingHandler } from '../../../src/guest/wasi-0-2/handle-incoming.ts'
import { IncomingBody } from '../../../src/guest/wasi-0-2/incoming-body.ts'
import { OutgoingBody } from '../../../src/guest/wasi-0-2/outgoing-body.ts'
import { OutgoingResponse } from '../../../src/guest/wasi-0-2/outgoing-message.ts'
import { ResponseOutparam } from '../../../src/guest/wasi-0-2/response-outparam.ts'
import { chunksOf, okOf, requestFor, textOf } from './load-probe.ts'

type Handle = IncomingHandler['handle']

function run(handle: Handle, request: HttpRequest = requestFor('/'), abort = new AbortController()) {
  return handleIncoming({ handle }, request, { signal: abort.signal, failed: WeftError.from })
}

const unit = { payload: undefined }

describe('handling an incoming request', () => {
  it('answers without a body and is done before anyone reads', async () => {
    const { response, done } = run((_, out) => {
      const answer = new OutgoingResponse(new Fields(), new Life())
      answer.setStatusCode(204)
      ResponseOutparam.set(out, { tag: 'ok', val: answer })
    })
    await done
    const { status, body, trailers } = await okOf(response)
    assert.equal(status, 204)
    assert.equal(await textOf(body), '')
    assert.equal(await trailers, undefined)
  })

  it('is done only when the finished body was read', async () => {
    const { response, done } = run((_, out) => {
      const answer = new OutgoingResponse(new Fields(), new Life())
      const body = answer.body()
      ResponseOutparam.set(out, { tag: 'ok', val: answer })
      body.write().write(Buffer.from('hi'))
      OutgoingBody.finish(body, undefined)
    })
    const { body } = await okOf(response)
    let isDone = false
    void done.then(() => {
      isDone = true
    })
    await new Promise(setImmediate)
    assert.equal(isDone, false)
    assert.equal(await textOf(body), 'hi')
    await done
  })

  for (const [how, end] of [
    ['drops', (body: OutgoingBody) => body[Symbol.dispose]()],
    ['leaves', () => {}],
  ] as const) {
    it(`breaks the body off when the guest ${how} it unfinished`, async () => {
      const { response, done } = run((_, out) => {
        const answer = new OutgoingResponse(new Fields(), new Life())
        const body = answer.body()
        ResponseOutparam.set(out, { tag: 'ok', val: answer })
        body.write().write(Buffer.from('hi'))
        end(body)
      })
      const { body, trailers } = await okOf(response)
      await assert.rejects(textOf(body), { code: 'trapped', message: /without finishing/ })
      await assert.rejects(trailers, { code: 'trapped' })
      await done
    })
  }

  it('gives each part of a message once', () => {
    const answer = new OutgoingResponse(new Fields(), new Life())
    const body = answer.body()
    assert.throws(() => answer.body(), unit)
    body.write()
    assert.throws(() => body.write(), unit)
    assert.throws(() => answer.setStatusCode(99), unit)
  })

  it('lets the guest consume a body once, and hangs up what it leaves unread', async () => {
    let hungUp = false
    const upload = async function* () {
      try {
        yield Buffer.from('a')
        yield Buffer.from('b')
      } finally {
        hungUp = true
      }
    }
    const { response } = run(
      async (request) => {
        const body = request.consume()
        assert.throws(() => request.consume(), unit)
        const stream = body.stream()
        assert.throws(() => body.stream(), unit)
        await stream.blockingRead(1n)
        body[Symbol.dispose]()
        assert.equal(hungUp, false)
        stream[Symbol.dispose]()
      },
      requestFor('/', upload()),
    )
    await assert.rejects(response, { code: 'trapped' })
    assert.equal(hungUp, true)
  })

  it('hangs up what the guest still held when it returned, before its own body is read', async () => {
    const hungUp = Promise.withResolvers<void>()
    const upload = async function* () {
      try {
        yield Buffer.from('a')
        yield Buffer.from('b')
      } finally {
        hungUp.resolve()
      }
    }
    const { response, done } = run(
      async (request, out) => {
        const answer = new OutgoingResponse(new Fields(), new Life())
        const body = answer.body()
        ResponseOutparam.set(out, { tag: 'ok', val: answer })
        body.write().write(await request.consume().stream().blockingRead(1n))
        OutgoingBody.finish(body, undefined)
      },
      requestFor('/', upload()),
    )
    await hungUp.promise
    assert.equal(await textOf((await okOf(response)).body), 'a')
    await done
  })

  it('reads the rest of a body for its trailers', async () => {
    const request = {
      ...requestFor('/', chunksOf('a', 'b', 'c')),
      trailers: Promise.resolve([['x', [Buffer.from('1')]]] as const),
    }
    const { response } = run(async (incoming) => {
      const future = IncomingBody.finish(incoming.consume())
      assert.equal(future.get(), undefined)
      await future.subscribe().block()
      const taken = future.get()
      assert.ok(taken?.tag === 'ok' && taken.val.tag === 'ok')
      assert.equal(taken.val.val?.has('x'), true)
      assert.throws(() => taken.val.tag === 'ok' && taken.val.val?.delete('x'), {
        payload: { tag: 'immutable' },
      })
      assert.deepEqual(future.get(), { tag: 'err' })
    }, request)
    await assert.rejects(response, { message: /without setting a response/ })
  })

  it('tells of a body that broke off where its trailers would be, also to a guest that has read so far', async () => {
    async function* broken() {
      yield Buffer.from('a')
      throw new WeftError('unavailable', 'the sender has gone')
    }
    const trailersAfter = async (read: (body: IncomingBody) => Promise<void>) => {
      const gone = Promise.withResolvers<unknown>()
      const { response } = run(
        async (incoming) => {
          const body = incoming.consume()
          await read(body)
          const future = IncomingBody.finish(body)
          await future.subscribe().block()
          gone.resolve(future.get())
        },
        requestFor('/', broken()),
      )
      await assert.rejects(response)
      return gone.promise
    }
    const told = { tag: 'ok', val: { tag: 'err', val: { tag: 'destination-unavailable' } } }
    assert.deepEqual(await trailersAfter(async () => {}), told)
    const readToItsEnd = async (body: IncomingBody) => {
      const stream = body.stream()
      assert.equal(Buffer.from(await stream.blockingRead(10n)).toString(), 'a')
      await assert.rejects(async () => stream.blockingRead(10n))
      await assert.rejects(async () => stream.blockingRead(10n))
      stream[Symbol.dispose]()
    }
    assert.deepEqual(await trailersAfter(readToItsEnd), told)
  })

  it('gives a guest the authority, from the host header if need be, but not the header', async () => {
    const { authority: _, ...request } = requestFor('/')
    const { response } = run(
      (incoming) => {
        assert.equal(incoming.authority(), 'example.test:80')
        assert.equal(incoming.headers().has('host'), false)
      },
      { ...request, headers: [['Host', [Buffer.from('example.test:80')]]] },
    )
    await assert.rejects(response, { message: /without setting a response/ })
  })

  it('ends with what its invocation was given up for', async () => {
    const abort = new AbortController()
    const { response, done } = run(
      () =>
        new Promise((_, reject) => abort.signal.addEventListener('abort', () => reject(new Error('failed')))),
      requestFor('/'),
      abort,
    )
    abort.abort(new Error('over'))
    await assert.rejects(response, { message: 'over' })
    await done
  })
})
