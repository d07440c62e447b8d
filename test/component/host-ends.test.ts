import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuestStream } from '../../src/component/host-ends.ts'
import { type CopyResult, copyResult, Transfer } from '../../src/component/transfer.ts'

test("a read of a guest's stream ends when the stream is disposed, and its writer learns that nobody reads", async () => {
  const transfer = new Transfer()
  const stream = new GuestStream(transfer, true)
  const read = stream.read({ count: 10 })
  stream[Symbol.dispose]()
  assert.deepEqual(await read, { value: undefined, done: true, isCopy: false })
  const told: CopyResult[] = []
  transfer.write({ left: 1, take: () => assert.fail('nobody reads') }, (result) => told.push(result))
  assert.deepEqual(told, [copyResult.dropped])
})

test('what a guest reads into is neither written nor told once its end is dropped', () => {
  const transfer = new Transfer()
  const touched = () => assert.fail('its memory may be used by others')
  transfer.read({ room: 10, put: touched }, touched)
  transfer.dropReader()
  transfer.dropWriter()
})
