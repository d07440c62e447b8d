import type { Command, Deed } from './command.ts'

/** A command that was given and did not bring what it should. */
export interface Failure {
  readonly app: string
  readonly part: string
  readonly target: string
  /** What was tried; undefined when it ran and was given up later. */
  readonly deed?: Deed
  readonly error: string
  /** How often it was tried in a row. */
  readonly tries: number
}

interface Attempt {
  readonly command: Command
  /** The command as text; another deed on the same target is another attempt. */
  readonly content: string
  readonly tries: number
  /** While flying: when it counts as lost. After a failure: when it may be given again. */
  readonly until: number
  readonly error: string | undefined
  readonly flying: boolean
}

const firstPauseMs = 1_000
const longestPauseMs = 60_000
/** A command whose effect has not shown after this is given again. */
const effectMs = 10_000
/** A host answers a start before it downloads and compiles; a second one meanwhile would bring nothing. */
const startEffectMs = 60_000

/**
 * What has been tried and may not be tried again yet: a command in flight waits for its effect, a failed one for its
 * back-off (1 s, 2 s, 4 s … 60 s). Time is given in, in milliseconds of any one clock.
 */
export class Attempts {
  /** By target. */
  readonly #attempts = new Map<string, Attempt>()
  readonly #ofApp = new Map<string, Map<string, Attempt>>()

  /** Forgets what an application no longer wants or what came true: every attempt without a command in its new plan. */
  keepOnly(app: string, commands: readonly Command[]): void {
    const wanted = new Map(commands.map((command) => [command.target, contentOf(command)]))
    for (const [target, { content }] of this.#of(app))
      if (wanted.get(target) !== content) this.#delete(app, target)
  }

  /** Whether the command may be given now; one whose time in flight is over has failed and waits a little more. */
  mayGive(command: Command, now: number): boolean {
    const attempt = this.#attempts.get(command.target)
    if (!attempt || attempt.content !== contentOf(command)) return true
    if (now < attempt.until) return false
    if (attempt.flying) this.#failed(attempt, 'nothing came of it', now)
    return !attempt.flying
  }

  given(command: Command, now: number): void {
    const content = contentOf(command)
    const before = this.#attempts.get(command.target)
    const same = before?.content === content ? before : undefined
    const until = now + (isStart(command) ? startEffectMs : effectMs)
    const tries = (same?.tries ?? 0) + 1
    this.#set({ command, content, tries, until, error: same?.error, flying: true })
  }

  /** The command on this target was refused, or a host told that it failed. Others' failures are not ours. */
  failed(target: string, error: string, now: number): boolean {
    const attempt = this.#attempts.get(target)
    if (!attempt?.flying) return false
    this.#failed(attempt, error, now)
    return true
  }

  /** Whether something is being done about the target, or has failed. */
  knows(target: string): boolean {
    return this.#attempts.has(target)
  }

  isFlying(command: Command): boolean {
    return this.#attempts.get(command.target)?.flying === true
  }

  /** Those of an application that failed, also while they are tried again. */
  failures(app: string): Failure[] {
    return [...this.#of(app).values()].flatMap(({ command: { part, target, deed }, error, tries, flying }) =>
      error === undefined ? [] : [{ app, part, target, deed, error, tries: flying ? tries - 1 : tries }],
    )
  }

  /** Applications of which something has changed by itself: a command came to nothing, or a pause is over. */
  dueApps(now: number): ReadonlySet<string> {
    const due = new Set<string>()
    for (const { until, command } of this.#attempts.values()) if (until <= now) due.add(command.app)
    return due
  }

  #failed(attempt: Attempt, error: string, now: number): void {
    const pause = Math.min(firstPauseMs * 2 ** (attempt.tries - 1), longestPauseMs)
    this.#set({ ...attempt, error, until: now + pause, flying: false })
  }

  #set(attempt: Attempt): void {
    const { app, target } = attempt.command
    const before = this.#attempts.get(target)?.command.app
    if (before !== undefined && before !== app) this.#delete(before, target)
    this.#attempts.set(target, attempt)
    const own = this.#ofApp.get(app) ?? new Map<string, Attempt>()
    this.#ofApp.set(app, own.set(target, attempt))
  }

  #delete(app: string, target: string): void {
    this.#attempts.delete(target)
    const own = this.#ofApp.get(app)
    own?.delete(target)
    if (own?.size === 0) this.#ofApp.delete(app)
  }

  #of(app: string): ReadonlyMap<string, Attempt> {
    return this.#ofApp.get(app) ?? new Map()
  }
}

function isStart({ deed }: Command): boolean {
  return deed.do === 'start provider' || (deed.do === 'scale' && deed.request.count > 0)
}

function contentOf({ deed }: Command): string {
  return JSON.stringify(deed)
}
