import type { Thread } from './thread.ts'

/** A thread that says nothing for so long is stuck; they say something every second. */
const silenceMs = 10_000
const checkMs = 1_000

/** Ends threads that have gone silent. `onLook` comes with each look, once a second. */
export function watchSilence(threads: () => readonly Thread[], onLook: () => void): { stop(): void } {
  let before = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    const stoodStill = now - before > 2 * checkMs
    before = now
    for (const thread of threads()) {
      // This thread stood still itself, and with it what the others had to say.
      if (stoodStill && thread.heardAt !== undefined) thread.heardAt = now
      if (thread.heardAt === undefined || now - thread.heardAt < silenceMs) continue
      thread.heardAt = undefined
      void thread.kill(`gave no sign of life for ${silenceMs} ms`)
    }
    onLook()
  }, checkMs)
  timer.unref()
  return { stop: () => clearInterval(timer) }
}
