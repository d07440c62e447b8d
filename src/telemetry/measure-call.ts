import type { Timing } from '../call/course.ts'
import type { Labels } from '../measure.ts'
import { withoutVersion } from '../wit/names.ts'
import { backendSeries } from './backend-span.ts'
import type { OutcomeLabel } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import type { Measurements } from './measurements.ts'
import { attributeNames as names } from './names.ts'
import type { HistogramSeries } from './series.ts'
import type { TracedCall } from './traced-call.ts'

/** A call that is over, and what its kind has in common. */
export interface EndedCall {
  readonly traced: TracedCall
  readonly site: CallSite
  readonly label: OutcomeLabel
  /** Milliseconds since the epoch. */
  readonly end: number
}

/** Measures a call that is over: how long it took and how it ended, and where it is served what it waited for. */
export function measureCall(ended: EndedCall, measurements: Measurements): void {
  const { traced, site, end } = ended
  const { call, trace, start } = traced
  durationsOf(ended, measurements).observe((end - start) / 1000, trace)
  const { timings } = call.course
  if (timings.length === 0 || (site.side === 'client' && !site.isWhole)) return
  for (const timing of timings)
    seriesOf(timing, site, measurements)?.observe((timing.end - timing.start) / 1000, trace)
}

function durationsOf({ site, label }: EndedCall, measurements: Measurements): HistogramSeries {
  const known = site.durations.get(label)
  if (known && !known.isForgotten) return known
  const { side, isWhole } = site
  const other = side === 'client' ? 'server' : 'client'
  const series = measurements.histogram(
    'callDuration',
    labelsOf(site, { side, label }),
    isWhole ? labelsOf(site, { side: other, label }) : undefined,
  )
  site.durations.set(label, series)
  return series
}

function labelsOf(
  { call: { source, target, operation } }: CallSite,
  { side, label }: { readonly side: CallSide; readonly label: OutcomeLabel },
): Labels {
  return {
    [names.component]: side === 'client' ? source : target,
    [names.interface]: withoutVersion(operation.interface),
    [names.operation]: operation.function.name,
    [names.side]: side,
    [names.outcome]: label,
  }
}

/** Undefined for what is not measured. */
function seriesOf(timing: Timing, site: CallSite, measurements: Measurements): HistogramSeries | undefined {
  const { target: component } = site.call
  if (timing.name === 'backend') {
    const { metric, labels } = backendSeries(component, timing)
    return measurements.histogram(metric, labels)
  }
  if (timing.name !== 'queued' && timing.name !== 'instantiated') return undefined
  const known = site.waits.get(timing.name)
  if (known && !known.isForgotten) return known
  const series =
    timing.name === 'queued'
      ? measurements.histogram('queueWait', { component })
      : measurements.histogram('instanceStart', { component, start: 'cold' })
  site.waits.set(timing.name, series)
  return series
}
