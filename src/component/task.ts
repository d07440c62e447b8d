import type { Borrows } from './borrows.ts'
import { Life } from './life.ts'
import { Settlement } from './settlement.ts'

/** What a task is run for. */
export interface TaskOptions {
  /** Whose run it is, for the host's imports: they find it in `Instance.current`. */
  readonly owner: unknown
  /** When it must be over, in milliseconds since the epoch; code that runs on is stopped then. */
  readonly deadline: number
  /** What it was lent by the component instance that called it. */
  readonly borrows?: Borrows | undefined
  /** The task of another component instance that called it. */
  readonly caller?: Task | undefined
}

/** One run of an exported function, from its call until its last instruction. */
export class Task {
  readonly owner: unknown
  readonly deadline: number
  readonly borrows: Borrows | undefined
  readonly caller: Task | undefined
  /** The function that it runs, for messages. */
  readonly name: string
  /** `context.get` and `context.set`. */
  readonly context: [number, number] = [0, 0]
  readonly #result = new Settlement<unknown>()
  readonly #exit = new Settlement<void>()
  /** Ends when the task can't go on; whatever waits for it stops waiting then. */
  readonly life = new Life()
  #isResolved = false

  constructor(name: string, { owner, deadline, borrows, caller }: TaskOptions) {
    this.name = name
    this.caller = caller
    this.owner = owner
    this.deadline = deadline
    this.borrows = borrows
  }

  get result(): Promise<unknown> {
    return this.#result.promise
  }

  /** Settles when its last instruction has run; rejects when it is failed, before its guest comes back. */
  get exited(): Promise<void> {
    return this.#exit.promise
  }

  get isResolved(): boolean {
    return this.#isResolved
  }

  resolve(value: unknown): void {
    if (this.#isResolved) throw new WebAssembly.RuntimeError('the guest gave a second result')
    const held = this.borrows?.open ?? 0
    if (held > 0)
      throw new WebAssembly.RuntimeError(
        `the guest returned while it held ${held} handles that it only borrowed`,
      )
    this.#isResolved = true
    this.#result.resolve(value)
  }

  exit(): void {
    this.#exit.resolve()
  }

  fail(reason: unknown): void {
    this.#isResolved = true
    this.#result.reject(reason)
    this.#exit.reject(reason)
    this.life.end(reason)
  }
}
