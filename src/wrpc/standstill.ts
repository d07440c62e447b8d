import { Slots } from './slots.ts'

/** Other hosts count a host as lost after 3.5 s without a beat, and its last beat may be a second old when it stops. */
const lostAfterMs = 2_400
const lookEveryMs = 100
/** Who used so much of the time was at work, however long that took; its host went on beating. */
const atWork = 0.5

/**
 * Notices that the process stood still (SIGSTOP, a laptop's lid, a starved machine) for so long that callers elsewhere
 * have given up what it had accepted. What looks first after that is told before any guest goes on.
 */
export class Standstill {
  readonly #watchers = new Slots<(ms: number) => void>()
  readonly #timer = setInterval(() => {
    this.look()
    this.#cpu = process.threadCpuUsage()
  }, lookEveryMs).unref()
  #seen = performance.now()
  #cpu = process.threadCpuUsage()

  /** Calls `onStandstill` when the process wakes up; the answer ends that. */
  watch(onStandstill: (ms: number) => void): () => void {
    return this.#watchers.put(onStandstill).free
  }

  /** To be called before anything is done whose caller may have given up while the process stood still. */
  look(): void {
    const now = performance.now()
    const stood = now - this.#seen
    this.#seen = now
    if (stood < lostAfterMs) return
    const { user, system } = process.threadCpuUsage()
    const worked = (user + system - this.#cpu.user - this.#cpu.system) / 1000
    if (worked > stood * atWork) return
    for (const tell of this.#watchers.takeAll()) tell(stood)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
