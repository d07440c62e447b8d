import { setTimeout as delay } from 'node:timers/promises'
import type { AppClient } from '../controller/api-client.ts'

type Status = Awaited<ReturnType<AppClient['status']>>

const pollMs = 100
/** The controller tries again after 1 s and 2 s: by then a failure has come three times and will not go by itself. */
const failedMs = 5_000

/**
 * Follows an application until it is deployed, keeps failing or time is out, and gives its last status. `onStatus` gets
 * each status on the way.
 */
export async function waitForApp(options: {
  readonly apps: AppClient
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** `deployed` must last this long to count, in ms: a provider may find out only then that a link cannot work. Default 0. */
  readonly steadyMs?: number
  readonly onStatus?: (status: Status) => void
}): Promise<Status> {
  const { apps, name, timeoutMs, signal, steadyMs = 0, onStatus } = options
  const end = Date.now() + timeoutMs
  let deployedSince = Number.POSITIVE_INFINITY
  let failedSince = Number.POSITIVE_INFINITY
  for (;;) {
    const status = await apps.status(name)
    onStatus?.(status)
    const { type } = status.status
    const now = Date.now()
    deployedSince = type === 'deployed' ? Math.min(deployedSince, now) : Number.POSITIVE_INFINITY
    failedSince = type === 'failed' ? Math.min(failedSince, now) : Number.POSITIVE_INFINITY
    if (now - deployedSince >= steadyMs || now - failedSince >= failedMs) return status
    if (now > end || signal.aborted) return status
    await delay(pollMs, undefined, { signal }).catch(() => {})
  }
}

/**
 * Waits until nothing of an undeployed application is left, and gives what still is, '' for nothing. With `timeoutMs` 0
 * it looks once.
 */
export async function waitForRemoval(options: {
  readonly apps: AppClient
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}): Promise<string> {
  const { apps, name, timeoutMs, signal } = options
  const end = Date.now() + timeoutMs
  // wadm says for a moment what was; ours says at once what is.
  let wasUndeployed = false
  for (;;) {
    const { status, remains } = await apps.status(name)
    const { type, message } = status
    const isAgain = wasUndeployed && type !== 'undeployed'
    wasUndeployed ||= type === 'undeployed'
    const isHere = `${name} is ${isAgain ? 'deployed again' : `still ${type}`}`
    const left = type !== 'undeployed' ? isHere : remains ? message : ''
    if (left === '' || isAgain || Date.now() >= end || signal.aborted) return left
    await delay(pollMs, undefined, { signal }).catch(() => {})
  }
}

/** A line for each part of an application that is not deployed: what it is, its state and the reason. */
export function missingLines({ status: whole, scalers }: Status): string[] {
  const lines = scalers.flatMap(({ name, kind, status }) =>
    status.type === 'deployed'
      ? []
      : [`${kind.replace('Scaler', '').toLowerCase()} ${name}: ${reasonOf(status)}`],
  )
  return lines.length === 0 && whole.type !== 'deployed' ? [reasonOf(whole)] : lines
}

function reasonOf({ type, message }: Status['status']): string {
  return message === '' || message.startsWith(`${type}: `) ? message || type : `${type}, ${message}`
}
