import type { TimeInput } from '@opentelemetry/api'
import type { HostTime, OtelHost } from './host.ts'

/** Turns times of the API into times of the host, in the numbers that its engine has. */
export class Times {
  readonly #clock: OtelHost['clock']

  constructor(clock: OtelHost['clock']) {
    this.#clock = clock
  }

  now(): HostTime {
    return this.#clock.now()
  }

  /** `u64` as this engine has it. */
  u64(value: number): bigint | number {
    return typeof this.#clock.now().seconds === 'bigint' ? BigInt(Math.round(value)) : value
  }

  from(time: TimeInput | undefined): HostTime {
    if (time === undefined) return this.now()
    if (Array.isArray(time)) return this.#of(time[0], time[1])
    const ms = time instanceof Date ? time.getTime() : Number(time)
    return this.#of(Math.floor(ms / 1000), Math.floor((ms % 1000) * 1_000_000))
  }

  #of(seconds: number, nanoseconds: number): HostTime {
    return { seconds: this.u64(seconds), nanoseconds }
  }
}
