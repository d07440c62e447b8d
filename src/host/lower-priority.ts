import { readFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'

/** Lets other threads go first when the machine is busy; only Linux knows priorities of single threads. */
export function lowerPriority(): void {
  try {
    const id = Number.parseInt(readFileSync('/proc/thread-self/stat', 'utf8'), 10)
    if (Number.isInteger(id)) setPriority(id, constants.priority.PRIORITY_LOW)
  } catch {
    // It runs on with the priority that it has.
  }
}
