import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { BroadcastChannel } from 'node:worker_threads'
import { Thread } from '../../src/host/thread.ts'

/** A thread that finishes its last calls when the test says so. */
async function openReluctant() {
  const stopping = Promise.withResolvers<void>()
  const lost: Error[] = []
  const thread = new Thread({
    entry: pathToFileURL(join(import.meta.dirname, 'reluctant-thread.ts')),
    init: {
      hostId: 'N',
      hostName: 'oak',
      lattice: 'default',
      natsUrl: '',
      checksInvocations: false,
      hostVolumes: {},
      networkLid: 'any',
      role: 'confined',
      index: 0,
      serial: 1,
      isReplacement: false,
    },
    onMessage: () => stopping.resolve(),
    onLost: (error) => lost.push(error),
  })
  await thread.ready
  return { thread, lost, isStopping: stopping.promise }
}

test('a thread that is stopping already is waited for by whoever stops it again', async () => {
  const { thread, lost, isStopping } = await openReluctant()
  const order: string[] = []
  const first = thread.stop(30_000)
  await isStopping
  // Longer than any timer: whoever asks a host to stop says how long that may take.
  const again = thread.stop(2 ** 40).then(() => order.push('the host goes on'))
  await delay(50)
  order.push('its last call ends')
  const word = new BroadcastChannel('reluctant-thread')
  word.postMessage('stop now')
  await Promise.all([first, again])
  word.close()
  assert.deepEqual(order, ['its last call ends', 'the host goes on'])
  assert.deepEqual(lost, [])
})

test('who stops it again waits no longer than it will', async () => {
  const { thread } = await openReluctant()
  const first = thread.stop(600_000)
  await thread.stop(0)
  await first
})
