import { plainRollout, type RolloutRule } from '../manifest/read-rollout.ts'
import type { Failure } from './attempts.ts'
import { workloadPart } from './command.ts'
import type { Workload } from './desired.ts'
import type { HostState } from './host-states.ts'
import { isUnheard } from './host-status.ts'

/** What is remembered of how a deployed version comes to the hosts. Times in milliseconds since the epoch. */
export interface Rollout {
  /** When the deploy was asked for: this tells one from another. */
  readonly deed: string
  /** What to go back to when it fails: the last version that came to all its hosts. */
  readonly fallback: string
  /** Targets of what failed already when it began: that is not its fault. */
  readonly failing: readonly string[]
  /** `code`: hosts get the new version in steps; `links`: then links and configs change; `done`: it is as any other. */
  readonly stage: 'code' | 'links' | 'done'
  /** Since when so many hosts run the new version, by the id of a component or provider that has an older one. */
  readonly reached: Readonly<Record<string, Reached>>
}

export interface Reached {
  readonly hosts: number
  readonly since: number
}

/** What a look at a roll-out needs to know. */
export interface RolloutInput {
  readonly rollout: Rollout
  readonly workloads: readonly (readonly [Workload, readonly HostState[]])[]
  /** Links that are new in this version and not in place yet: the new code may need them. */
  readonly linksMissing: boolean
  /** Links and configs that change for all hosts at once have not changed yet. */
  readonly linksWait: boolean
  readonly failures: readonly Failure[]
  readonly observed: Observed
  readonly now: number
}

/** What is seen of the hosts that run a new version. */
export interface Observed {
  /** Calls that ended, and trapped, on these hosts since a time. */
  readonly traffic: (
    id: string,
    hosts: readonly string[],
    since: number,
  ) => { readonly calls: number; readonly traps: number }
  /** What came of asking a URL since a time: undefined while that is not known; '' is well, all else a complaint. */
  readonly check: (url: string, since: number) => string | undefined
}

export interface RolloutStepPlan {
  readonly rollout: Rollout
  /** Ids of hosts that may get the new version now, by workload id; a workload that is not here is not held. */
  readonly mayReplace: ReadonlyMap<string, ReadonlySet<string>>
  /** Why the version is to be taken back. */
  readonly failed: string | undefined
  /** When to look again, should nothing happen before. */
  readonly dueAt: number
  /** URLs of which it must be known what they answer, with since when. */
  readonly checks: readonly Check[]
  /** All that the application runs, by id: what is to be observed. */
  readonly workloads: readonly string[]
  /** What is still to come, by part: for the status. */
  readonly waiting: ReadonlyMap<string, string>
}

/** A URL that is asked once for each time. */
export interface Check {
  readonly url: string
  readonly since: number
}

/** A start that failed once may have met a bad moment. */
const triesUntilFailed = 2
/** Hosts tell of their calls once a second. */
const lookEveryMs = 1_000
/** Fewer traps than these say nothing of a rate. */
const fewestTraps = 3

/** Says which hosts may get the new version now, or that it is to be taken back. */
export function stepRollout(input: RolloutInput): RolloutStepPlan {
  const { rollout, workloads, linksMissing, failures } = input
  const looks = workloads.flatMap(([workload, states]) => lookAt(input, workload, states) ?? [])
  const failure = failures.find(
    ({ tries, target, deed }) => tries >= (deed ? triesUntilFailed : 1) && !rollout.failing.includes(target),
  )
  const failed =
    failure === undefined
      ? looks.find((look) => look.failed !== undefined)?.failed
      : `${failure.target}: ${failure.error}`
  const isCodeDone = looks.every(({ isDone }) => isDone)
  const links = isCodeDone ? lookAtLinks(input) : undefined
  const all = links ? [...looks, links] : looks
  return {
    rollout: {
      deed: rollout.deed,
      fallback: rollout.fallback,
      failing: rollout.failing,
      stage: !isCodeDone ? 'code' : links?.isDone === false ? 'links' : 'done',
      reached: Object.fromEntries(all.map(({ id, reached }) => [id, reached])),
    },
    mayReplace: new Map(looks.map(({ id, next }) => [id, linksMissing ? new Set() : next])),
    failed: failed ?? links?.failed,
    dueAt: Math.min(Number.POSITIVE_INFINITY, ...all.map(({ dueAt }) => dueAt)),
    checks: all.flatMap(({ checks }) => checks),
    workloads: workloads.map(([{ id }]) => id),
    waiting: new Map(looks.flatMap(({ id, waits }) => (waits === '' ? [] : [[workloadPart(id), waits]]))),
  }
}

/** No id of a component or provider has a space. */
const linksKey = 'all links'

/** Links and configs change for all hosts at once; then everything that the application runs is watched once more. */
function lookAtLinks(input: RolloutInput): Look | undefined {
  const { rollout, linksWait, workloads, now } = input
  const before = rollout.reached[linksKey]
  if (!linksWait && !before) return undefined
  // Counted anew while something still waits.
  const reached = { hosts: 0, since: linksWait || !before ? now : before.since }
  const look = { id: linksKey, reached, next: new Set<string>(), waits: '', checks: [] }
  if (linksWait) return { ...look, isDone: false, dueAt: Number.POSITIVE_INFINITY }
  const verdicts = workloads.map(([workload, states]) => {
    const rule = workload.rollout ?? plainRollout
    return watch(input, workload, { rule, reached, hosts: states.map(({ host }) => host.id) })
  })
  const failed = verdicts.find((verdict) => verdict.failed !== undefined)?.failed
  return {
    ...look,
    isDone: verdicts.every(({ isOver }) => isOver),
    ...(failed !== undefined && { failed }),
    dueAt: Math.min(Number.POSITIVE_INFINITY, ...verdicts.map(({ dueAt }) => dueAt)),
    checks: verdicts.flatMap(({ checks }) => checks),
  }
}

interface Look {
  readonly id: string
  readonly reached: Reached
  readonly next: ReadonlySet<string>
  readonly isDone: boolean
  readonly failed?: string
  readonly dueAt: number
  readonly checks: readonly Check[]
  readonly waits: string
}

/** Undefined for a workload of which no host has or had an older version. */
function lookAt(input: RolloutInput, workload: Workload, states: readonly HostState[]): Look | undefined {
  const { rollout, now } = input
  const { id } = workload
  const rule = workload.rollout ?? plainRollout
  const old = states.filter(({ is }) => is === 'swap' || is === 'restart').map(({ host }) => host.id)
  const started = states.filter(({ is }) => is === 'good' || is === 'resize')
  const fresh = started.filter(({ host }) => !isUnheard(host, workload))
  const starting = started.length - fresh.length + states.filter(({ is }) => is === 'absent').length
  const before = rollout.reached[id]
  if (old.length === 0 && !before) return undefined
  const reached = before?.hosts === fresh.length ? before : { hosts: fresh.length, since: now }
  const look = { id, reached, next: new Set<string>(), isDone: false, checks: [], waits: '' }
  const sick = fresh.find(({ host }) => host.unhealthy.has(id))
  if (sick) {
    const why = sick.host.unhealthy.get(id) || 'health check failed'
    return {
      ...look,
      dueAt: Number.POSITIVE_INFINITY,
      failed: `${workload.name} on ${sick.host.name}: ${why}`,
    }
  }
  const total = old.length + fresh.length + starting
  const targets = targetsOf(rule, total)
  if (starting === 0 && targets.includes(fresh.length)) {
    const verdict = watch(input, workload, { rule, reached, hosts: fresh.map(({ host }) => host.id) })
    const told = `new version on ${fresh.length} of ${total} hosts`
    if (verdict.failed !== undefined || !verdict.isOver)
      return { ...look, ...verdict, waits: `${told}, watched ${seconds(rule.pauseMs)} s` }
  }
  if (old.length === 0 && starting === 0) return { ...look, isDone: true, dueAt: Number.POSITIVE_INFINITY }
  const dueAt = reached.since + rule.pauseMs + rule.timeoutMs
  const target = targets.find((hosts) => hosts > fresh.length) ?? total
  const next = new Set(old.slice(0, Math.max(0, target - fresh.length - starting)))
  const under = next.size + starting
  const waits = `new version on ${fresh.length} of ${total} hosts, next on ${under} more`
  if (now < dueAt) return { ...look, next, dueAt, waits }
  const failed = `${workload.name}: no further host was ready after ${seconds(rule.timeoutMs)} s`
  return { ...look, dueAt: Number.POSITIVE_INFINITY, failed, waits }
}

/** How many hosts each step ends with, ascending; the last is all. */
function targetsOf({ steps }: RolloutRule, total: number): readonly number[] {
  const hosts = steps.map((step) => ('hosts' in step ? step.hosts : Math.ceil(step.share * total)))
  return [...new Set([...hosts.filter((count) => count < total), total])].toSorted((a, b) => a - b)
}

interface Verdict {
  readonly isOver: boolean
  readonly failed?: string
  readonly dueAt: number
  readonly checks: Look['checks']
}

/** Whether a step that is complete has shown to be good. */
function watch(
  { observed, now }: RolloutInput,
  { id, name }: Workload,
  step: { readonly rule: RolloutRule; readonly reached: Reached; readonly hosts: readonly string[] },
): Verdict {
  const { rule, reached, hosts } = step
  const { since } = reached
  const { check: url, maxTrapRate } = rule
  const { calls, traps } = observed.traffic(id, hosts, since)
  const failed = (why: string): Verdict => {
    return { isOver: false, failed: why, dueAt: Number.POSITIVE_INFINITY, checks: [] }
  }
  if (traps >= fewestTraps && traps > calls * maxTrapRate)
    return failed(`${name}: ${traps} of ${calls} calls trapped on the hosts with the new version`)
  const endsAt = since + rule.pauseMs
  // Once at the beginning, so that what is plainly bad ends soon, and once at the end.
  const times = now < endsAt || rule.pauseMs === 0 ? [since] : [since, endsAt]
  const checks = url === undefined ? [] : times.map((time) => ({ url, since: time }))
  const answers = checks.map((check) => observed.check(check.url, check.since))
  const complaint = answers.find((answer) => answer !== undefined && answer !== '')
  if (complaint !== undefined) return failed(`${name}: ${complaint}`)
  // A check that is still under way tells by itself when it has ended.
  const dueAt = now < endsAt ? Math.min(endsAt, now + lookEveryMs) : Number.POSITIVE_INFINITY
  return { isOver: now >= endsAt && answers.every((answer) => answer === ''), dueAt, checks }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms % 1000 === 0 ? 0 : 1)
}
