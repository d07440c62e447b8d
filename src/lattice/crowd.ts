import type { Log } from '../log.ts'

/** More hosts than any lattice has: who makes up ids must not cost memory without end. */
export const mostHosts = 4096
const sayEveryMs = 60_000

/** Tells, once a minute at most, that hosts were passed over because there are too many; `what` they do, for people. */
export function crowdWarning(log: Log, what: string): () => void {
  let passedOver = 0
  let saidAt = Number.NEGATIVE_INFINITY
  return () => {
    passedOver += 1
    const now = performance.now()
    if (now - saidAt < sayEveryMs) return
    saidAt = now
    const hint = 'somebody may make up hosts: see who may publish in this lattice'
    log.warn(`more than ${mostHosts} hosts ${what}: those that are new are passed over; ${hint}`, {
      passedOver,
    })
  }
}
