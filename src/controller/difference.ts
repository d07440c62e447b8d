import type { Command } from './command.ts'

/** What keeps a part of an application from being done, other than a command that failed: told in its status. */
export interface Obstacle {
  readonly part: string
  readonly type: 'waiting' | 'failed'
  readonly message: string
}

/** What separates an application from what its manifest wants. Empty commands and obstacles: nothing. */
export interface Difference {
  readonly commands: readonly Command[]
  readonly obstacles: readonly Obstacle[]
}
