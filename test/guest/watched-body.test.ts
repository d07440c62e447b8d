import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallAbort } from '../../src/call/call-abort.ts'
import { Settlement } from '../../src/component/settlement.ts'
import { WatchedBody } from '../../src/guest/watched-body.ts'

function bodyOf(...chunks: string[]) {
  const body = {
    isLeft: false,
    async *[Symbol.asyncIterator]() {
      try {
        for (const chunk of chunks) yield Buffer.from(chunk)
      } finally {
        body.isLeft = true
      }
    },
  }
  return body
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of body) text += Buffer.from(chunk).toString()
  return text
}

test('a body is over when it was read to its end', async () => {
  const body = new WatchedBody(bodyOf('a', 'b'), new CallAbort().signal)
  assert.equal(await textOf(body), 'ab')
  await body.over
})

test('a body that is left early is over', async () => {
  const body = new WatchedBody(bodyOf('a', 'b'))
  for await (const _ of body) break
  await body.over
})

test('a body that breaks off is over with what it failed with', async () => {
  const failing = {
    async *[Symbol.asyncIterator]() {
      yield Buffer.from('a')
      throw new Error('broke off')
    },
  }
  const body = new WatchedBody(failing)
  await assert.rejects(textOf(body), /broke off/)
  await assert.rejects(body.over, /broke off/)
})

test('a body that is given up while it is read has no end', async () => {
  const abort = new CallAbort()
  const body = new WatchedBody(bodyOf('a', 'b'), abort.signal)
  await body.next()
  abort.abort(new Error('given up'))
  await assert.rejects(body.next(), /given up/)
  await assert.rejects(body.over, /given up/)
})

test('a read that waits when its body is given up comes to no end either', async () => {
  const abort = new CallAbort()
  const left = new Settlement<IteratorResult<Uint8Array>>()
  const chunks: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => chunks,
    next: () => left.promise,
    async return() {
      left.resolve({ done: true, value: undefined })
      return left.promise
    },
  }
  const next = new WatchedBody(chunks, abort.signal).next()
  abort.abort(new Error('given up'))
  await assert.rejects(next, /given up/)
})

test('a body that was given up before anybody watched it is over, and has no end', async () => {
  const abort = new CallAbort()
  abort.abort(new Error('given up'))
  const body = new WatchedBody(bodyOf('a'), abort.signal)
  await assert.rejects(body.over, /given up/)
  await assert.rejects(textOf(body), /given up/)
})
