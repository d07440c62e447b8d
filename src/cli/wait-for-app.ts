import { setTimeout as delay } from 'node:timers/promises'
import type { AppClient } from '../controller/api-client.ts'

type Status = Awaited<ReturnType<AppClient['status']>>

const pollMs = 100

/**
 * Follows an application until it is deployed or time is out, and gives its last status. `onChange` gets a line for each
 * component or provider that runs now, and for whatever waits or fails, with the reason.
 */
export async function waitForApp(options: {
  readonly apps: AppClient
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** `deployed` must last this long to count, in ms: a provider may find out only then that a link cannot work. Default 0. */
  readonly steadyMs?: number
  readonly onChange: (line: string) => void
}): Promise<Status> {
  const { apps, name, timeoutMs, signal, steadyMs = 0, onChange } = options
  const said = new Set<string>()
  const end = Date.now() + timeoutMs
  let deployedSince = Number.POSITIVE_INFINITY
  for (;;) {
    const status = await apps.status(name)
    for (const line of status.scalers.flatMap(progressLine)) {
      if (!said.has(line)) onChange(line)
      said.add(line)
    }
    const isDeployed = status.status.type === 'deployed'
    deployedSince = isDeployed ? Math.min(deployedSince, Date.now()) : Number.POSITIVE_INFINITY
    if (Date.now() - deployedSince >= steadyMs || Date.now() > end || signal.aborted) return status
    await delay(pollMs, undefined, { signal }).catch(() => {})
  }
}

function progressLine({ kind, name, status }: Status['scalers'][number]): string[] {
  const isWorkload = kind === 'SpreadScaler' || kind === 'DaemonScaler'
  if (status.type === 'deployed') return isWorkload ? [`✓ ${name}`] : []
  return status.type === 'reconciling' ? [] : [`… ${name}: ${status.message || status.type}`]
}

/** A line for each part of an application that is not deployed: what it is, its state and the reason. */
export function missingLines({ scalers }: Status): string[] {
  return scalers.flatMap(({ name, kind, status }) => {
    if (status.type === 'deployed') return []
    const reason = status.message === '' ? '' : `, ${status.message}`
    return [`${kind.replace('Scaler', '').toLowerCase()} ${name}: ${status.type}${reason}`]
  })
}
