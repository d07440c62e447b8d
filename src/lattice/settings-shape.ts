import {
  type ComponentLimits,
  type ComponentSettings,
  otlpProtocols,
  settingsAnnotation,
  volumeAccesses,
} from '../component-settings.ts'
import { WeftError } from '../errors.ts'
import type { ScaleRequest } from './control.ts'
import { count, listOf, mapOf, parseJson, positive, record, type Shape, text } from './shape.ts'

const limits = record(
  {},
  {
    memoryBytes: positive,
    timeMs: positive,
    tableElements: positive,
    handles: positive,
    bufferedBytes: positive,
    requestBytes: positive,
    queue: count,
    queueMs: positive,
  },
)

function oneOf<T extends string>(names: readonly T[]): Shape<T> {
  return (value, path) => {
    const known = names.find((each) => each === value)
    if (known !== undefined) return known
    throw new WeftError('invalid', `${path}: expected ${names.join(' or ')}`)
  }
}

const telemetry = record(
  {},
  {
    serviceName: text,
    serviceNamespace: text,
    serviceVersion: text,
    attributes: mapOf(text),
    endpoint: text,
    protocol: oneOf(otlpProtocols),
  },
)

const cli = record({}, { args: listOf(text), env: mapOf(text) })

const volumes = record({
  mounts: listOf(record({ volume: text, path: text }, { subpath: text, access: oneOf(volumeAccesses) })),
})

const entries = listOf(text)
const network = record({}, { tcp: entries, udp: entries, listen: entries, http: entries })

const shape: Shape<ComponentSettings> = record(
  {},
  { limits, reuse: record({ invocations: count }, { concurrent: count }), telemetry, cli, volumes, network },
)

/**
 * The settings a component is started with: those of its annotation, and wasmCloud's own limits where the annotation has
 * none. Throws `invalid` with the path of what is wrong.
 */
export function settingsFrom(
  request: Pick<ScaleRequest, 'annotations' | 'component_limits'>,
): ComponentSettings {
  const settings = annotated(request.annotations)
  const limits = { ...limitsOf(request.component_limits), ...settings.limits }
  return Object.keys(limits).length === 0 ? settings : { ...settings, limits }
}

/** Decimal strings, bytes and seconds; what can't be read counts as left out, as on a Rust host. */
function limitsOf(limits: ScaleRequest['component_limits']): ComponentLimits {
  const memoryBytes = Number(limits?.max_memory_limit)
  const seconds = Number(limits?.max_execution_time)
  return {
    ...(memoryBytes > 0 && { memoryBytes }),
    ...(seconds > 0 && { timeMs: seconds * 1000 }),
  }
}

function annotated(annotations: ScaleRequest['annotations']): ComponentSettings {
  const json = annotations[settingsAnnotation]
  if (json === undefined) return {}
  try {
    return parseJson(new TextEncoder().encode(json), shape)
  } catch (error) {
    throw new WeftError('invalid', `annotation ${settingsAnnotation}: ${WeftError.from(error).message}`, {
      cause: error,
    })
  }
}
