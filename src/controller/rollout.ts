import { workloadPart } from './command.ts'
import { nameTarget } from './name-host.ts'
import { type Look, lookAt, ruleOf, startingOn, watch } from './rollout-look.ts'
import type { Check, Rollout, RolloutInput } from './rollout-terms.ts'

/** What a look at a roll-out came to. */
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

/** A start that failed once may have met a bad moment. */
const triesUntilFailed = 2
/** What is not needed any more stays so long after the last change: calls in flight may need it, and hosts hear of links. */
const settleMs = 3_000

/** Says which hosts may get the new version now, or that it is to be taken back. */
export function stepRollout(input: RolloutInput): RolloutStepPlan {
  const { rollout, workloads, linksMissing, failures } = input
  const looks = workloads.flatMap(([workload, states]) => lookAt(input, workload, states) ?? [])
  const failure = failures.find(
    ({ tries, target, deed }) => tries >= (deed ? triesUntilFailed : 1) && !rollout.failing.includes(target),
  )
  const isCodeDone =
    looks.every(({ isDone }) => isDone) &&
    workloads.every(([workload, states]) => startingOn(rollout, workload, states) === 0)
  // New code may call what is new, along links that are new.
  const isNewStarting = workloads.some(
    ([workload, states]) =>
      !looks.some(({ id }) => id === workload.id) && startingOn(rollout, workload, states) > 0,
  )
  // Going back does not wait for what does not start.
  const mayGoOn = rollout.pace === 'at once' && failures.length > 0
  const isReady = !linksMissing && (!isNewStarting || mayGoOn)
  const links = isCodeDone ? lookAtLinks(input) : undefined
  const all = links ? [...looks, links] : looks
  const failed =
    failure === undefined
      ? all.find((look) => look.failed !== undefined)?.failed
      : `${nameTarget(failure.target, input.hosts)}: ${failure.error}`
  return {
    rollout: {
      deed: rollout.deed,
      pace: rollout.pace,
      fallback: rollout.fallback,
      failing: rollout.failing,
      stage: !isCodeDone ? 'code' : links?.isDone === false ? 'links' : 'done',
      reached: Object.fromEntries(all.map(({ id, reached }) => [id, reached])),
    },
    mayReplace: new Map(looks.map(({ id, next }) => [id, isReady ? next : new Set()])),
    failed: rollout.pace === 'at once' ? undefined : failed,
    dueAt: Math.min(Number.POSITIVE_INFINITY, ...all.map(({ dueAt }) => dueAt)),
    checks: all.flatMap(({ checks }) => checks),
    workloads: workloads.map(([{ id }]) => id),
    waiting: new Map(all.flatMap(({ id, waits }) => (waits === '' ? [] : [[workloadPart(id), waits]]))),
  }
}

/** No id of a component or provider has a space. */
const linksKey = 'all links'

/** Links and configs change for all hosts at once; then everything that the application runs is watched once more. */
function lookAtLinks(input: RolloutInput): Look | undefined {
  const { rollout, linksWait, removalsWait, workloads, now } = input
  const before = rollout.reached[linksKey]
  if (!linksWait && !removalsWait && !before) return undefined
  // Counted anew while something still waits.
  const reached = { hosts: 0, since: linksWait || !before ? now : before.since }
  const waits = removalsWait ? 'what only the version before needs stops soon' : ''
  const look = { id: linksKey, reached, next: new Set<string>(), waits, checks: [] }
  if (linksWait) return { ...look, isDone: false, dueAt: Number.POSITIVE_INFINITY }
  const verdicts = workloads.map(([workload, states]) => {
    const rule = ruleOf(rollout, workload)
    return watch(input, workload, { rule, reached, hosts: states.map(({ host }) => host.id) })
  })
  const failed = verdicts.find((verdict) => verdict.failed !== undefined)?.failed
  const settledAt = removalsWait ? reached.since + settleMs : now
  const settleAt = settledAt > now ? settledAt : Number.POSITIVE_INFINITY
  return {
    ...look,
    isDone: now >= settledAt && verdicts.every(({ isOver }) => isOver),
    ...(failed !== undefined && { failed }),
    dueAt: Math.min(settleAt, ...verdicts.map(({ dueAt }) => dueAt)),
    checks: verdicts.flatMap(({ checks }) => checks),
  }
}
