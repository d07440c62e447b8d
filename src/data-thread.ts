import { parentPort, workerData } from 'node:worker_threads'
import { reportFailedStart, runDataThread } from './host/data-thread.ts'
import type { ThreadInit } from './host/thread-messages.ts'
import { instrumentThread } from './instrument-thread.ts'

// The module that each data thread runs: host and telemetry meet here.
// A trap shows the calls that led to it, which in a guest's runtime are soon more than the ten that are usual.
Error.stackTraceLimit = 50
if (parentPort) {
  const port = parentPort
  const init = workerData as ThreadInit
  runDataThread({ init, port, instrument: (thread) => instrumentThread(init, thread) }).catch(
    (error: unknown) => reportFailedStart(port, error),
  )
}
