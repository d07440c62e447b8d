import { createHash } from 'node:crypto'
import type { StoredDeed } from '../lattice/manifest-store.ts'
import type { Failure } from './attempts.ts'
import { type Command, configPart, workloadPart } from './command.ts'
import type { DesiredApp, Workload } from './desired.ts'
import { linkPart } from './diff-links.ts'
import type { Obstacle } from './difference.ts'
import { hostStates } from './host-states.ts'
import { type HostStatus, hostStatuses, isUnheard } from './host-status.ts'
import type { HostView } from './lattice-view.ts'
import { nameTarget } from './name-host.ts'
import type { Placement } from './place.ts'
import type { HeldCommand } from './roll-out.ts'
import type { RolloutStepPlan } from './rollout.ts'
import type { ScaleNote } from './scale-note.ts'
import { type StatusInfo, statusTypes } from './status-info.ts'

/** The status of an application, in the shape of wadm's API. */
export interface Status {
  readonly status: StatusInfo
  readonly scalers: readonly ScalerStatus[]
  readonly version: string
  readonly components: readonly never[]
  /** Of an undeployed application, Weft's own: there is still something of it, and the message says what. */
  readonly remains?: boolean
  /** Weft's own: the version that was taken back, and why. */
  readonly rolledBack?: { readonly from: string; readonly reason: string }
}

export interface ScalerStatus {
  readonly id: string
  readonly kind: 'SpreadScaler' | 'DaemonScaler' | 'LinkScaler' | 'ConfigScaler' | 'SecretScaler'
  readonly name: string
  readonly status: StatusInfo
  /** Of a component or provider, Weft's own: what it is like on each of its hosts. */
  readonly hosts?: readonly HostStatus[]
}

export interface StatusInput {
  readonly app: DesiredApp
  readonly placements: ReadonlyMap<Workload, Placement>
  /** What is still to be done, in flight or not. */
  readonly commands: readonly Command[]
  readonly obstacles: readonly Obstacle[]
  readonly failures: readonly Failure[]
  /** What was done last to have this version deployed. */
  readonly deed?: StoredDeed | undefined
  /** How far the roll-out is that goes on. */
  readonly rollout?: Pick<RolloutStepPlan, 'rollout' | 'waiting'> & { readonly held: readonly HeldCommand[] }
}

/** The status of a deployed application with a reason for each part that is not as it should be. */
export function statusOf(input: StatusInput): Status {
  const { app, placements, failures, rollout } = input
  const held = new Set(rollout?.held.map(({ command }) => command.target))
  const scalers: ScalerStatus[] = [
    ...app.failures.map(({ title, message }) =>
      scaler('SpreadScaler', title, title, { type: 'failed', message }),
    ),
    ...[...placements].map(([workload, placement]) => {
      const kind = workload.scaler?.kind === 'daemon' ? 'DaemonScaler' : 'SpreadScaler'
      const status = workloadStatus(input, workload, placement)
      const hosts = hostStatuses(workload, placement, { failures, held })
      return { ...scaler(kind, workload.name, workload.scalerId, status), hosts }
    }),
    ...app.links.map((link) =>
      scaler('LinkScaler', link.title, linkPart(link), partStatus(input, linkPart(link))),
    ),
    ...app.configs.map(({ kind, title, name }) => {
      const status = partStatus(input, configPart(name))
      return scaler(kind === 'secret' ? 'SecretScaler' : 'ConfigScaler', title, configPart(name), status)
    }),
  ]
  const { rolledBack, status } = wholeStatus(input, worst(scalers))
  return { status, scalers, version: app.version, components: [], ...(rolledBack && { rolledBack }) }
}

/** The status of the whole: also what no single part shows, a roll-out that goes on or was taken back. */
function wholeStatus(
  { deed, rollout }: StatusInput,
  worstPart: StatusInfo,
): Pick<Status, 'status' | 'rolledBack'> {
  if (deed?.did === 'automatic rollback') {
    const { from = '', reason = '' } = deed
    const told = `rolled back from ${from}: ${reason}`
    const message = worstPart.message === '' ? told : `${told}; ${worstPart.message}`
    return { status: { type: worstPart.type, message }, rolledBack: { from, reason } }
  }
  if (!rollout || rollout.rollout.stage === 'done' || worstPart.type !== 'deployed')
    return { status: worstPart }
  const message = [...rollout.waiting.values()].join('; ') || 'the new version is watched'
  return { status: { type: 'reconciling', message } }
}

/** The status of an application that is not deployed; `left` is what of it is still to be removed. */
export function undeployedStatus(
  left: readonly Command[],
  failures: readonly Failure[] = [],
  hosts: readonly Pick<HostView, 'id' | 'name'>[] = [],
): Status {
  const [failure] = failures
  const message =
    failure !== undefined
      ? `can't remove ${failure.part}: ${failure.error}`
      : left.length > 0
        ? `still to be removed: ${left.map(({ target }) => nameTarget(target, hosts)).join(', ')}`
        : ''
  const status = { type: 'undeployed', message } as const
  return { status, scalers: [], version: '', components: [], ...(message !== '' && { remains: true }) }
}

function scaler(kind: ScalerStatus['kind'], name: string, key: string, status: StatusInfo): ScalerStatus {
  const id = /^[0-9a-f]{64}$/.test(key) ? key : createHash('sha256').update(key).digest('hex')
  return { id, kind, name, status }
}

function workloadStatus(input: StatusInput, workload: Workload, placement: Placement): StatusInfo {
  if (!workload.scaler)
    return { type: 'deployed', message: 'not started: the manifest gives it no spreadscaler or daemonscaler' }
  const status = partStatus(input, workloadPart(workload.id))
  if (status.type === 'reconciling' && !input.rollout)
    return { type: 'reconciling', message: progress(workload, placement) }
  if (status.type !== 'deployed') return status
  if (workload.note) return { type: 'deployed', message: numberSentence(workload.name, workload.note) }
  const unheard = placement.assignments.find(({ host }) => isUnheard(host, workload))
  if (unheard) {
    const message = `${workload.name}: waits for its first health check on ${unheard.host.name}`
    return { type: 'reconciling', message }
  }
  const sick = placement.assignments.filter(({ host }) => host.unhealthy.has(workload.id))
  if (sick.length === 0) return status
  const reasons = sick.map(
    ({ host }) => `${host.unhealthy.get(workload.id) || 'health check failed'} (${host.name})`,
  )
  return { type: 'unhealthy', message: `${workload.name}: ${reasons.join(', ')}` }
}

function numberSentence(name: string, { by, instances }: ScaleNote): string {
  if (by === 'hand') return `${name}: ${instances} instances by hand, until another version is deployed`
  return instances === 0
    ? `${name} sleeps, for nobody calls it: the next call wakes it`
    : `${name}: ${instances} instances by its load`
}

function progress(workload: Workload, placement: Placement): string {
  const states = hostStates(workload, placement)
  const right = states.filter(({ is }) => is === 'good')
  return `${workload.name}: runs on ${right.length} of ${states.length} hosts, changes under way`
}

function partStatus({ commands, obstacles, failures, app, rollout }: StatusInput, part: string): StatusInfo {
  const failure = failures.find((candidate) => candidate.part === part && candidate.app === app.name)
  const obstacle = (type: Obstacle['type']) =>
    obstacles
      .filter((candidate) => candidate.part === part && candidate.type === type)
      .map(({ message }) => message)
  const failed = obstacle('failed')
  const waiting = obstacle('waiting')
  if (failed.length > 0) return { type: 'failed', message: failed.join('; ') }
  if (failure) {
    const times = failure.tries === 1 ? 'once' : `${failure.tries} times`
    return { type: 'failed', message: `${failure.error} (tried ${times}, trying on)` }
  }
  if (waiting.length > 0) return { type: 'waiting', message: `waiting: ${waiting.join('; ')}` }
  const waits = rollout && waitsFor(rollout, part)
  if (waits !== undefined) return { type: 'reconciling', message: waits }
  const open = commands.some((command) => command.part === part)
  return open ? { type: 'reconciling', message: `${part}: under way` } : { type: 'deployed', message: '' }
}

function waitsFor({ waiting, held }: NonNullable<StatusInput['rollout']>, part: string): string | undefined {
  if (waiting.has(part)) return waiting.get(part)
  const why = held.find(({ command }) => command.part === part)?.why
  if (why === undefined) return undefined
  return why === 'code first'
    ? 'changes when all hosts run the new version'
    : why === 'turn'
      ? 'waits for its turn'
      : undefined
}

function worst(scalers: readonly ScalerStatus[]): StatusInfo {
  const type =
    statusTypes.find((candidate) => scalers.some(({ status }) => status.type === candidate)) ?? 'deployed'
  const messages = scalers
    .filter(({ status }) => status.type === type && status.message !== '')
    .map(({ name, status }) =>
      status.message.includes(name) ? status.message : `${name}: ${status.message}`,
    )
  return { type, message: [...new Set(messages)].join('; ') }
}
