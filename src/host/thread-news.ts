import type { PublishEvent } from '../lattice/events.ts'
import type { Log } from '../log.ts'
import type { ThreadsOptions } from './threads.ts'

/** Tells the lattice and the log what data threads say of their components. */
export function threadNews(of: {
  readonly hostId: string
  readonly publishEvent: PublishEvent
  readonly log: Log
}): Pick<ThreadsOptions, 'onLimit' | 'onConfined'> {
  const { hostId: host_id, publishEvent, log } = of
  return {
    onLimit(component, limit) {
      log.warn(`component ${component} hit its limit: ${limit}`, { component })
      publishEvent('component_limit_hit', { host_id, component_id: component, limit })
    },
    onConfined(component, isConfined) {
      const change = isConfined
        ? 'does harm again and again: it has a thread of its own from now on'
        : 'is back on the threads that components share'
      log.warn(`component ${component} ${change}`, { component })
      const event = isConfined ? 'component_confined' : 'component_released'
      publishEvent(event, { host_id, component_id: component })
    },
  }
}
