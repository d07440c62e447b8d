import { leadsToLinkLocal } from '../capability/link-local.ts'
import { linkLocalTelemetry, type TelemetrySettings } from '../component-settings.ts'
import { WeftError } from '../errors.ts'

/** Refuses an endpoint at which who wrote the manifest has the host reach what only the host should. */
export function checkTelemetry(
  telemetry: TelemetrySettings | undefined,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const { endpoint } = telemetry ?? {}
  if (endpoint === undefined || env[linkLocalTelemetry] === 'true' || !leadsToLinkLocal(endpoint)) return
  const hint = `a manifest may name another collector; the host's operator allows it with ${linkLocalTelemetry}=true`
  throw new WeftError('denied', `telemetry endpoint ${endpoint}: its address is link-local; ${hint}`)
}
