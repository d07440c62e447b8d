import { parentPort, workerData } from 'node:worker_threads'
import { reportFailedStart, runDataThread } from './host/data-thread.ts'
import type { ThreadInit } from './host/thread-messages.ts'
import { instrumentThread } from './instrument-thread.ts'

// The module that each data thread runs: host and telemetry meet here.
if (parentPort) {
  const port = parentPort
  const init = workerData as ThreadInit
  runDataThread({ init, port, instrument: (thread) => instrumentThread(init, thread) }).catch(
    (error: unknown) => reportFailedStart(port, error),
  )
}
