/** One figure beside its baseline, both measured in the same run. */
export interface BenchRow {
  readonly bench: string
  readonly value: number
  readonly unit: string
  /** The same figure of what it is compared with; undefined when it stands alone. */
  readonly baseline?: number
  /** How `value` relates to `baseline`, as the target counts it; undefined without one. */
  readonly ratio?: number
  /** What is to be reached, for people: `≥ 0.45×`. */
  readonly target?: string
  readonly met?: boolean
}

/** A measurement, by the name that `npm run bench -- name` knows it by. */
export interface Bench {
  readonly name: string
  /** Bounded in time: ten minutes or so at most. */
  run(): Promise<readonly BenchRow[]>
}

/** A row whose target is a lower bound of the ratio. */
export function atLeast(bound: number, row: Omit<BenchRow, 'target' | 'met'>): BenchRow {
  return { ...row, target: `≥ ${bound}×`, met: (row.ratio ?? 0) >= bound }
}

/** A row whose target is an upper bound of the ratio. */
export function atMost(bound: number, row: Omit<BenchRow, 'target' | 'met'>): BenchRow {
  return { ...row, target: `≤ ${bound}×`, met: (row.ratio ?? Number.POSITIVE_INFINITY) <= bound }
}

/** A row whose target is an upper bound of the value itself. */
export function below(bound: number, row: Omit<BenchRow, 'target' | 'met'>): BenchRow {
  return { ...row, target: `< ${bound} ${row.unit}`, met: row.value < bound }
}

/** The middle value, or any other quantile. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
