import type { Log } from '../log.ts'
import type { DropReason } from './export-queue.ts'
import { OtlpExport } from './otlp-export.ts'
import { writeSpans } from './otlp-spans.ts'
import type { Env } from './otlp-target.ts'
import { spanMessages } from './publish-spans.ts'
import { queueSizes } from './queue-sizes.ts'
import { createResources } from './resource.ts'
import type { SpanGroup } from './span-groups.ts'
import { spanQueue } from './span-queue.ts'

export interface ExportSpansOptions {
  readonly env: Env
  readonly log: Log
  readonly onDropped?: (count: number, reason: DropReason) => void
  /** Puts one message on `weft.spans.{lattice}`. Left out, spans stay off the lattice. */
  readonly publishSpans?: (message: Uint8Array) => void
}

/** Where the control thread brings the spans of its data threads. */
export interface SpanExport {
  /** Takes a batch; never throws and never waits. */
  accept(batch: readonly SpanGroup[]): void
  /** How many spans did not reach the collector. */
  readonly dropped: number
  /** Sends what waits; settles when it is sent or lost, or `timeoutMs` has passed. */
  flush(timeoutMs: number): Promise<void>
  /** Flushes and frees the exporter. Nothing may be accepted afterwards. */
  stop(timeoutMs: number): Promise<void>
}

/** Exports spans over OTLP where `env` says so, and publishes them in the lattice. */
export function exportSpans(options: ExportSpansOptions): SpanExport {
  const { env, log, onDropped } = options
  const otlp = new OtlpExport<SpanGroup, Uint8Array>({
    env,
    signal: 'traces',
    log,
    ...(onDropped && { onDropped }),
    makerOf: (group) => group.resource,
    itemsOf: (group) => [group.spans],
    scopeOf: (group) => group.scope,
    write: writeSpans,
    // Left to the garbage collector, memory outside of its heap would make it look through all that is in it, again and again.
    onWritten: ({ spans }) => void spans.buffer.transfer(0),
    queue: { ...spanQueue, ...queueSizes(env, 'BSP'), weigh: (group) => group.count },
  })
  const publish = createPublisher(options)
  return {
    accept: (batch) => {
      // Before the export, which takes their bytes away.
      publish?.(batch)
      otlp.push(batch)
    },
    get dropped() {
      return otlp.dropped
    },
    flush: (timeoutMs) => otlp.flush(timeoutMs),
    stop: (timeoutMs) => otlp.stop(timeoutMs),
  }
}

function createPublisher({
  publishSpans,
  log,
  env,
}: ExportSpansOptions): ((batch: readonly SpanGroup[]) => void) | undefined {
  if (!publishSpans) return undefined
  const resourceOf = createResources(env)
  let isDown = false
  return (batch) => {
    try {
      for (const message of spanMessages(batch, resourceOf)) publishSpans(message)
      isDown = false
    } catch (error) {
      if (!isDown)
        log.warn("can't publish spans in the lattice; `weft traces` will miss some", { error: String(error) })
      isDown = true
    }
  }
}
