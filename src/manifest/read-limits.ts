import type { ComponentLimits, InstanceReuse } from '../component-settings.ts'
import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import { readSize, readTime } from './read-quantity.ts'
import type { Report } from './report.ts'

/** Reads the properties of a `limits` trait. */
export function readLimits(report: Report, node: Located): ComponentLimits {
  const fields = Fields.open(report, node, {
    what: 'the limits',
    known: ['memory', 'time', 'tableElements', 'handles', 'buffered', 'request', 'queue', 'queueTime'],
    others: 'refused',
  })
  if (!fields) return {}
  return present({
    memoryBytes: readSize(fields, 'memory'),
    timeMs: readTime(fields, 'time'),
    tableElements: fields.positiveCount('tableElements'),
    handles: fields.positiveCount('handles'),
    bufferedBytes: readSize(fields, 'buffered'),
    requestBytes: readSize(fields, 'request'),
    queue: fields.count('queue'),
    queueMs: readTime(fields, 'queueTime'),
  })
}

/** Reads the properties of a `reuse` trait. */
export function readReuse(report: Report, node: Located): InstanceReuse | undefined {
  const fields = Fields.open(report, node, {
    what: 'the reuse',
    known: ['invocations', 'concurrent'],
    others: 'refused',
  })
  if (!fields) return undefined
  if (!fields.has('invocations')) return fields.missing('invocations', 'a number such as 1000')
  const invocations = fields.positiveCount('invocations')
  const concurrent = fields.positiveCount('concurrent')
  return invocations === undefined ? undefined : { invocations, ...present({ concurrent }) }
}

function present<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
