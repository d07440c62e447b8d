import type { Failure } from './attempts.ts'
import type { Command } from './command.ts'

/** What ran had its chance: it waits longer than what never started, from the first time on. */
const firstPauseMs = 5_000
const longestPauseMs = 300_000
/** What has run for so long since it was given up is taken to be well. */
const wellAfterMs = 900_000

/** Something that ran, by the command that would start it again. */
type Subject = Pick<Command, 'app' | 'part' | 'target'>

interface Relapse {
  readonly subject: Subject
  readonly error: string
  readonly tries: number
  readonly at: number
  readonly until: number
}

/**
 * What hosts gave up after it had run, such as a component that takes its thread with it again and again. It stays away
 * for 5 s, 10 s, 20 s … 5 min, so that it is not started and lost in a circle. Time is given in, in milliseconds.
 */
export class Relapses {
  /** By target. */
  readonly #relapses = new Map<string, Relapse>()
  /** Targets of the commands in each application's last plan: what runs again is no failure. */
  readonly #wanted = new Map<string, ReadonlySet<string>>()

  gaveUp(subject: Subject, error: string, now: number): void {
    const before = this.#relapses.get(subject.target)
    const tries = before && now - before.at < wellAfterMs ? before.tries + 1 : 1
    const until = now + Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs)
    this.#relapses.set(subject.target, { subject, error, tries, at: now, until })
  }

  planned(app: string, commands: readonly Command[]): void {
    if (commands.length > 0) this.#wanted.set(app, new Set(commands.map(({ target }) => target)))
    else this.#wanted.delete(app)
  }

  /** Whether the target has to stay away still. */
  holds(target: string, now: number): boolean {
    return (this.#relapses.get(target)?.until ?? now) > now
  }

  failures(app: string): readonly Failure[] {
    return [...this.#relapses.values()].flatMap(({ subject, error, tries }) =>
      subject.app === app && this.#isMissing(subject)
        ? [{ app, part: subject.part, target: subject.target, error, tries }]
        : [],
    )
  }

  /** Applications with something whose pause is over; `isTried` says what has been started again already. */
  dueApps(now: number, isTried: (target: string) => boolean): ReadonlySet<string> {
    const due = new Set<string>()
    for (const [target, { subject, at, until }] of this.#relapses) {
      if (now - at > wellAfterMs) this.#relapses.delete(target)
      else if (until <= now && this.#isMissing(subject) && !isTried(target)) due.add(subject.app)
    }
    return due
  }

  #isMissing({ app, target }: Subject): boolean {
    return this.#wanted.get(app)?.has(target) === true
  }
}
