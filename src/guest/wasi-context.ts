import type { Life } from '../component/life.ts'
import type { Descriptors } from './held-open.ts'
import type { Network } from './network/network.ts'
import type { OpenVolume } from './volume/volumes.ts'

export type WriteOutput = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void

/** What the WASI imports of one instance know of the world: everything a guest may see or touch is named here. */
export interface WasiContext {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** The directories that the guest may use, in the order of its manifest. */
  readonly volumes: readonly OpenVolume[]
  /** What it may reach. */
  readonly network: Network
  /**
   * To be called before the guest does what others can see, to a file or on the network. Throws when its caller has sent
   * the call elsewhere meanwhile.
   */
  commit(): void
  /** Of the host, that the component's instances hold. */
  readonly descriptors: Descriptors
  /** Tells who runs the component what its guest was refused, and why. */
  warn(text: string): void
  /** Takes what the guest writes to stdout or stderr; must not throw and must not wait. */
  readonly writeOutput: WriteOutput
  /** The same for what is written later: it goes where it would go now. */
  currentOutput(): WriteOutput
  /**
   * Ends when the invocation ends or is given up; whatever waits for the guest stops waiting then. Another one for the next
   * invocation: read it when it is needed.
   */
  readonly life: Life
  /** Aborted at the end of `life`. */
  readonly signal: AbortSignal
}
