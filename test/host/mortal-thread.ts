import { BroadcastChannel, parentPort, workerData } from 'node:worker_threads'
import { runDataThread } from '../../src/host/data-thread.ts'
import type { ThreadInit, ThreadRole } from '../../src/host/thread-messages.ts'
import { instrumentThread } from '../../src/instrument-thread.ts'

/** What kills threads of this kind: `end` throws where nobody catches, `hang` keeps the thread busy for ever. */
export interface Doom {
  readonly roles: readonly ThreadRole[]
  readonly how: 'end' | 'hang'
}

// A data thread as every host runs it, that can also be killed.
if (parentPort) {
  const init = workerData as ThreadInit
  const dooms = new BroadcastChannel(`mortal-threads ${init.hostId}`)
  dooms.onmessage = ({ data }: { data: Doom }) => {
    if (!data.roles.includes(init.role)) return
    if (data.how === 'end') throw new Error('the test ends this thread')
    for (;;);
  }
  dooms.unref()
  const instrument = (thread: Parameters<typeof instrumentThread>[1]) => instrumentThread(init, thread)
  await runDataThread({ init, port: parentPort, instrument })
}
