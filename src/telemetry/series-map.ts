import type { Labels } from '../measure.ts'
import { attributeNames as names } from './names.ts'

/** The SDK's limit on series per instrument; what comes beyond goes into one series marked as overflow. */
const maxSeries = 2000
/** A series that nobody used for so long makes room for another one. */
const idleMs = 10 * 60_000

const overflowLabels: Labels = { [names.metricOverflow]: 'true' }

interface Kept<S> {
  readonly series: S
  usedAt: number
}

/** The series of one metric by their labels, at most `maxSeries` of them and one for the overflow. */
export class SeriesMap<S extends { isForgotten: boolean }> {
  readonly #make: (labels: Labels, other: Labels | undefined) => S
  readonly #kept = new Map<string, Kept<S>>()
  /** How often a measurement went into the overflow series since it was last asked. */
  overflows = 0

  constructor(make: (labels: Labels, other: Labels | undefined) => S) {
    this.#make = make
  }

  /** The series with these labels, or with these and `other`: a known one, a new one, or the one for the overflow. */
  of(labels: Labels, other?: Labels): S {
    const key = [labels, other].flatMap((each) => Object.values(each ?? {})).join('\0')
    const kept = this.#kept.get(key)
    if (kept) {
      kept.usedAt = Date.now()
      return kept.series
    }
    if (this.#kept.size >= maxSeries) this.#forgetIdle()
    if (this.#kept.size < maxSeries || labels === overflowLabels) return this.#add(key, labels, other)
    this.overflows += other ? 2 : 1
    return this.of(overflowLabels, other && overflowLabels)
  }

  *[Symbol.iterator](): Iterator<S> {
    for (const { series } of this.#kept.values()) yield series
  }

  #add(key: string, labels: Labels, other: Labels | undefined): S {
    const series = this.#make(labels, other)
    this.#kept.set(key, { series, usedAt: Date.now() })
    return series
  }

  #forgetIdle(): void {
    const before = Date.now() - idleMs
    for (const [key, { series, usedAt }] of this.#kept) {
      if (usedAt >= before) continue
      series.isForgotten = true
      this.#kept.delete(key)
    }
  }
}
