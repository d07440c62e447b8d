import { otlpProtocols, type TelemetrySettings } from '../component-settings.ts'
import { Fields } from './fields.ts'
import type { Located } from './located.ts'
import type { Report } from './report.ts'

/** Reads the properties of a `telemetry` trait. */
export function readTelemetry(report: Report, node: Located): TelemetrySettings {
  const fields = Fields.open(report, node, {
    what: 'the telemetry',
    known: ['serviceName', 'serviceNamespace', 'serviceVersion', 'attributes', 'endpoint', 'protocol'],
    others: 'refused',
  })
  if (!fields) return {}
  const text = (name: 'serviceName' | 'serviceNamespace' | 'serviceVersion') => {
    const value = fields.text(name)
    return value === undefined ? {} : { [name]: value }
  }
  return {
    ...text('serviceName'),
    ...text('serviceNamespace'),
    ...text('serviceVersion'),
    ...(fields.has('attributes') && { attributes: fields.texts('attributes') }),
    ...endpointOf(report, fields),
    ...protocolOf(report, fields),
  }
}

function endpointOf(report: Report, fields: Fields): Pick<TelemetrySettings, 'endpoint'> {
  const endpoint = fields.text('endpoint')
  if (endpoint === undefined) return {}
  if (URL.canParse(endpoint) && /^https?:/.test(endpoint)) return { endpoint }
  const expected = 'an http or https URL such as http://collector:4318'
  report.problem(
    fields.get('endpoint')?.offset ?? fields.offset,
    `"endpoint" of the telemetry is "${endpoint}", expected ${expected}`,
  )
  return {}
}

function protocolOf(report: Report, fields: Fields): Pick<TelemetrySettings, 'protocol'> {
  const text = fields.text('protocol')
  if (text === undefined) return {}
  const protocol = otlpProtocols.find((each) => each === text)
  if (protocol !== undefined) return { protocol }
  const expected = otlpProtocols.join(' or ')
  report.problem(
    fields.get('protocol')?.offset ?? fields.offset,
    `"protocol" of the telemetry is "${text}", expected ${expected}`,
  )
  return {}
}
