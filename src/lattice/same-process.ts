import { readFileSync } from 'node:fs'

/** A process as a file can name it: pids are given out again, the time of start is not. */
export interface ProcessMark {
  readonly pid: number
  /** The start time in clock ticks since boot; '' where the system does not tell. */
  readonly started: string
}

/** The mark of a running process. */
export function processMark(pid: number = process.pid): ProcessMark {
  return { pid, started: startOf(pid) }
}

/** True while the marked process runs. */
export function isRunning({ pid, started }: ProcessMark): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, as somebody else.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false
  }
  const now = startOf(pid)
  return started === '' || now === '' || now === started
}

/** Field 22 of /proc/{pid}/stat; the second field may hold spaces and ends with the last parenthesis. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? 'ended' : (fields[19] ?? '')
  } catch {
    return ''
  }
}
