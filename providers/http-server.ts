import { WeftError } from '../src/errors.ts'
import { defineProvider, type ProviderLink } from '../src/provider.ts'
import { routingFrom } from './http-server/listen-options.ts'
import { ownPorts } from './http-server/own-ports.ts'
import { sharedPort } from './http-server/shared-port.ts'

/**
 * Serves HTTP and hands each request to the component at the other end of its link `wasi:http/incoming-handler`.
 * Link source config: `address` (`host:port`, default `0.0.0.0:8000`) or `port`, `timeout_ms` (default 30000). With
 * provider config `routing_mode: path` or `host` all links share `default_address` (default `0.0.0.0:8000`) and are told
 * apart by their `path` (`/orders`, or `/orders/*` for all below) or `host` (of the request header `header`, default `host`).
 */
export default defineProvider({
  name: 'http-server',
  runs: 'per-thread',
  exports: [],
  async start(context) {
    const routing = routingFrom(context.config)
    const doors = routing.mode === 'address' ? ownPorts(context) : sharedPort(context, routing)
    const failures = new Map<string, string>()
    const noting = async ({ name }: ProviderLink, work: () => Promise<void>) => {
      try {
        await work()
        failures.delete(name)
      } catch (error) {
        failures.set(name, WeftError.from(error).message)
        throw error
      }
    }
    return {
      async putLink(link) {
        if (link.source === context.id) await noting(link, () => doors.open(link))
      },
      async deleteLink(link) {
        failures.delete(link.name)
        await doors.close(link)
      },
      moveLink: (before, after) => noting(after, () => doors.move(before, after)),
      async health() {
        return failures.size === 0 ? undefined : [...failures.values()].join('; ')
      },
      stop: doors.closeAll,
    }
  },
})
