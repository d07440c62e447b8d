import type { Timing } from '../call/course.ts'
import { withoutVersion } from '../wit/names.ts'
import { backendSeries } from './backend-span.ts'
import type { OutcomeLabel } from './call-outcome.ts'
import type { CallSite } from './call-site.ts'
import type { Measurements } from './measurements.ts'
import { attributeNames as names } from './names.ts'
import type { HistogramSeries } from './series.ts'
import type { TracedCall } from './traced-call.ts'

interface Measured {
  readonly site: CallSite
  readonly label: OutcomeLabel
  readonly measurements: Measurements
}

/** Measures a call that is over on one of its sides: how long it took and how it ended, and what it waited for. */
export function measureCall({ call, trace, start, end }: TracedCall, measured: Measured): void {
  const { site } = measured
  durationsOf(measured).observe((end - start) / 1000, trace)
  if (site.side === 'client') return
  for (const timing of call.course.timings)
    seriesOf(timing, measured)?.observe((timing.end - timing.start) / 1000, trace)
}

function durationsOf({ site, label, measurements }: Measured): HistogramSeries {
  const known = site.durations.get(label)
  if (known && !known.isForgotten) return known
  const { operation } = site.call
  const series = measurements.histogram('callDuration', {
    [names.component]: site.owner,
    [names.interface]: withoutVersion(operation.interface),
    [names.operation]: operation.function.name,
    [names.side]: site.side,
    [names.outcome]: label,
  })
  site.durations.set(label, series)
  return series
}

/** Undefined for what is not measured. */
function seriesOf(timing: Timing, { site, measurements }: Measured): HistogramSeries | undefined {
  const { owner: component } = site
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
