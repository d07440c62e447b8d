import { BroadcastChannel, parentPort } from 'node:worker_threads'
import type { FromThread, ToThread } from '../../src/host/thread-messages.ts'

// A data thread that has stopped only when the test says so.
if (parentPort) {
  const port = parentPort
  const say = (message: FromThread) => port.postMessage(message)
  const word = new BroadcastChannel('reluctant-thread')
  word.onmessage = () => {
    word.close()
    say({ kind: 'stopped' })
  }
  port.on('message', (message: ToThread) => {
    if (message.kind === 'stop') say({ kind: 'busy', share: 1 })
  })
  say({ kind: 'ready' })
}
