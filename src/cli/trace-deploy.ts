import { spansSubject } from '../lattice/subjects.ts'
import { exportSpans } from '../telemetry/export-spans.ts'
import { isSdkDisabled } from '../telemetry/otlp-target.ts'
import { samplerFromEnv } from '../telemetry/sampler.ts'
import { SpanGroups } from '../telemetry/span-groups.ts'
import { traceWork } from '../telemetry/trace-work.ts'
import type { TraceHeaders } from '../trace-work.ts'
import { version } from '../version.ts'
import type { OpenLattice } from './connect-lattice.ts'

/** How long the span of a command may take to leave. */
const flushMs = 2_000

/**
 * Does a deploy under a trace of its own: what the controller and the hosts do for it hangs under it, and `weft traces`
 * shows where the time went.
 */
export async function traceDeploy<T>(
  { connection, lattice, log }: OpenLattice,
  env: Readonly<Record<string, string | undefined>>,
  work: (trace: TraceHeaders | undefined) => Promise<T>,
): Promise<T> {
  if (isSdkDisabled(env)) return work(undefined)
  const spans = exportSpans({
    env,
    log,
    publishSpans: (message) => connection.publish(spansSubject(lattice), message),
  })
  const groups = new SpanGroups()
  const trace = traceWork({
    record: (span) => groups.add(span),
    sampler: samplerFromEnv(env),
    resource: { service: 'weft-cli', version, hostId: 'cli', hostName: 'cli', isPlatform: true },
  })
  try {
    return await trace({ name: 'app deploy', kind: 'client', parent: 'new trace' }, work)
  } finally {
    spans.accept(groups.take())
    await spans.stop(flushMs)
  }
}
