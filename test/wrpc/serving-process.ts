import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** A process of its own that serves `echo`, to be frozen or killed. */
export interface ServingProcess {
  readonly process: ChildProcess
  /** Ends it and tells with which texts `echo` was called. */
  stop(): Promise<string[]>
}

/** Starts the process; resolves when it serves as `id`. */
export async function startServingProcess(url: string, id: string): Promise<ServingProcess> {
  const child = fork(fileURLToPath(new URL('serve-echo.ts', import.meta.url)), [url, id])
  await once(child, 'message')
  return {
    process: child,
    async stop() {
      const texts = once(child, 'message')
      child.send('stop')
      const [[told]] = await Promise.all([texts, once(child, 'exit')])
      return told as string[]
    },
  }
}
