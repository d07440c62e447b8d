import { WeftError } from '../errors.ts'
import type { ControlClient } from '../lattice/control-client.ts'
import { subscribeEvents } from '../lattice/events.ts'
import type { OpenLattice } from './connect-lattice.ts'
import type { HostScale } from './scale-requests.ts'

/** How a host did what it was asked. */
export interface ScaleOutcome {
  readonly host: string
  readonly host_id: string
  readonly max_instances: number
  /** Why it did not. */
  readonly error?: string
}

/** Sends one scale request and waits for the event that tells how it ended; never throws for what the host says. */
export async function scaleHost(options: {
  readonly open: OpenLattice
  readonly client: ControlClient
  readonly scale: HostScale
  readonly timeoutMs: number
  readonly signal: AbortSignal
}): Promise<ScaleOutcome> {
  const { open, client, timeoutMs, signal } = options
  const { host, request } = options.scale
  const { promise, resolve: settle } = Promise.withResolvers<string | undefined>()
  const timer = setTimeout(() => settle(`did not tell within ${timeoutMs} ms how it went`), timeoutMs)
  const onAbort = () => settle('interrupted; the host goes on with it')
  signal.addEventListener('abort', onAbort, { once: true })
  const events = subscribeEvents({
    ...open,
    onEvent({ name, source, data }) {
      if (source !== request.host_id) return
      if (name !== 'component_scaled' && name !== 'component_scale_failed') return
      // A controller may scale the same component meanwhile: its count is another.
      if (data.component_id !== request.component_id || data.max_instances !== request.count) return
      settle(name === 'component_scaled' ? undefined : 'error' in data ? data.error : 'failed')
    },
  })
  try {
    await open.connection.flush()
    await client.scale(request).catch((refused: unknown) => settle(WeftError.from(refused).message))
    const error = await promise
    const about = { host: host.friendly_name, host_id: host.host_id, max_instances: request.count }
    return error === undefined ? about : { ...about, error }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    events.stop()
  }
}
