import { setTimeout as delay } from 'node:timers/promises'
import type { AppClient } from '../controller/api-client.ts'

type Status = Awaited<ReturnType<AppClient['status']>>

const pollMs = 100

/**
 * Follows an application until it is deployed or time is out, and gives its last status. `onChange` gets a line for each
 * part whose state or reason has changed.
 */
export async function waitForApp(options: {
  readonly apps: AppClient
  readonly name: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly onChange: (line: string) => void
}): Promise<Status> {
  const { apps, name, timeoutMs, signal, onChange } = options
  const said = new Map<string, string>()
  const end = Date.now() + timeoutMs
  for (;;) {
    const status = await apps.status(name)
    for (const line of partLines(status)) {
      const [part = ''] = line.split(': ')
      if (said.get(part) !== line) onChange(line)
      said.set(part, line)
    }
    if (status.status.type === 'deployed' || Date.now() > end || signal.aborted) return status
    await delay(pollMs, undefined, { signal }).catch(() => {})
  }
}

/** A line for each part of an application that is not as it should be: what it is, its state and the reason. */
export function partLines({ scalers }: Status): string[] {
  return scalers.map(({ name, kind, status }) => {
    const reason = status.message === '' ? '' : `, ${status.message}`
    return `${kind.replace('Scaler', '').toLowerCase()} ${name}: ${status.type}${reason}`
  })
}
