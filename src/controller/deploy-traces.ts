import type { TraceHeaders } from '../trace-work.ts'

/** What a deploy sets in motion is given within this time; what comes later has another cause. */
const deployMs = 60_000
const mostKept = 1000

/** The traces of the latest deploys, so that the commands that follow from one belong to its trace. */
export class DeployTraces {
  readonly #traces = new Map<string, { readonly trace: TraceHeaders; readonly until: number }>()

  deployed(app: string, trace: TraceHeaders | undefined): void {
    this.#traces.delete(app)
    if (!trace) return
    this.#traces.set(app, { trace, until: performance.now() + deployMs })
    const [oldest] = this.#traces.keys()
    if (this.#traces.size > mostKept && oldest !== undefined) this.#traces.delete(oldest)
  }

  of(app: string): TraceHeaders | undefined {
    const found = this.#traces.get(app)
    return found && found.until > performance.now() ? found.trace : undefined
  }
}
