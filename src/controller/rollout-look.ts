import { plainRollout, type RolloutRule } from '../manifest/read-rollout.ts'
import { runningTarget } from './command.ts'
import type { Workload } from './desired.ts'
import type { HostState } from './host-states.ts'
import { isUnheard } from './host-status.ts'
import type { Check, Reached, Rollout, RolloutInput } from './rollout-terms.ts'

/** How far one thing is that a roll-out changes. */
export interface Look {
  readonly id: string
  readonly reached: Reached
  readonly next: ReadonlySet<string>
  readonly isDone: boolean
  readonly failed?: string
  readonly dueAt: number
  readonly checks: readonly Check[]
  readonly waits: string
}

/** Hosts tell of their calls once a second. */
const lookEveryMs = 1_000

/** All hosts at once, and nothing is watched. */
const atOnce: RolloutRule = { ...plainRollout, steps: [], timeoutMs: Number.POSITIVE_INFINITY }

/** Fewer traps than these say nothing of a rate. */
const fewestTraps = 3

/** Undefined for a workload of which no host has or had an older version. */
export function lookAt(
  input: RolloutInput,
  workload: Workload,
  states: readonly HostState[],
): Look | undefined {
  const { rollout, now } = input
  const { id } = workload
  const rule = ruleOf(rollout, workload)
  const old = states.filter(({ is }) => is === 'swap' || is === 'restart').map(({ host }) => host.id)
  const started = states.filter(({ is }) => is === 'good' || is === 'resize')
  const fresh = started.filter(({ host }) => !isUnheard(host, workload))
  const starting = started.length - fresh.length + startingOn(rollout, workload, states)
  const before = rollout.reached[id]
  if (old.length === 0 && !before) return undefined
  const reached = before?.hosts === fresh.length ? before : { hosts: fresh.length, since: now }
  const look = { id, reached, next: new Set<string>(), isDone: false, checks: [], waits: '' }
  const sick = rollout.pace === 'in steps' && fresh.find(({ host }) => host.unhealthy.has(id))
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

/** What a workload's roll-out goes by. */
export function ruleOf({ pace }: Rollout, workload: Workload): RolloutRule {
  return pace === 'at once' ? atOnce : (workload.rollout ?? plainRollout)
}

/** How many hosts are to start it and do not run it yet; those where it failed before do not count. */
export function startingOn({ failing }: Rollout, { id }: Workload, states: readonly HostState[]): number {
  const isExpected = ({ is, host }: HostState) =>
    is === 'absent' && !failing.includes(runningTarget(host.id, id))
  return states.filter(isExpected).length
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
export function watch(
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
