import type { Call } from '../call/call.ts'
import type { Timing } from '../call/timing.ts'
import type { TraceContext } from '../call/trace-context.ts'
import type { Labels } from '../measure.ts'
import { withoutVersion } from '../wit/names.ts'
import { backendSeries } from './backend-span.ts'
import { labelOf, type OutcomeLabel } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import type { CallSide } from './describe-call.ts'
import type { Measurements } from './measurements.ts'
import { attributeNames as names } from './names.ts'
import type { HistogramSeries } from './series.ts'

/** Measures a call that is over: how long it took, and what it waited for. `trace` is its span's, if it has one. */
export function measureCall(
  call: Call,
  { site, trace }: { readonly site: CallSite; readonly trace: TraceContext | undefined },
  measurements: Measurements,
): void {
  const { begun = 0, end = begun, timings } = call.course
  durationsOf(site, labelOf(call), measurements).observe((end - begun) / 1000, trace, end)
  if (timings.length > 0) measureWaits(timings, { site, trace }, measurements)
}

/** Where the durations of a site's calls that ended so are measured; for both of their sides where one span tells of both. */
function durationsOf(site: CallSite, label: OutcomeLabel, measurements: Measurements): HistogramSeries {
  const known = label === 'ok' ? site.answered : site.failed.get(label)
  if (known && !known.isForgotten) return known
  const { side, isWhole } = site
  const other = side === 'client' ? 'server' : 'client'
  const series = measurements.histogram(
    'callDuration',
    labelsOf(site, { side, label }),
    isWhole ? labelsOf(site, { side: other, label }) : undefined,
  )
  if (label === 'ok') site.answered = series
  else site.failed.set(label, series)
  return series
}

function measureWaits(
  timings: readonly Timing[],
  { site, trace }: { readonly site: CallSite; readonly trace: TraceContext | undefined },
  measurements: Measurements,
): void {
  if (site.side === 'client' && !site.isWhole) return
  for (const timing of timings)
    seriesOf(timing, site, measurements)?.observe((timing.end - timing.start) / 1000, trace, timing.end)
}

function labelsOf(
  site: CallSite,
  { side, label }: { readonly side: CallSide; readonly label: OutcomeLabel },
): Labels {
  return {
    [names.component]: side === 'client' ? site.source : site.target,
    [names.interface]: withoutVersion(site.interface),
    [names.operation]: site.function.name,
    [names.side]: side,
    [names.outcome]: label,
  }
}

/** Undefined for what is not measured. */
function seriesOf(timing: Timing, site: CallSite, measurements: Measurements): HistogramSeries | undefined {
  const { target: component } = site
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
