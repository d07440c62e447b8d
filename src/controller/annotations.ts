import { settingsAnnotation } from '../component-settings.ts'
import type { Workload } from './desired.ts'

export type Annotations = Readonly<Record<string, string>>

const managedBy = 'wasmcloud.dev/managed-by'
const appspec = 'wasmcloud.dev/appspec'
const scaler = 'wasmcloud.dev/scaler'
const spreadName = 'wasmcloud.dev/spread_name'

/** What the controller writes on everything it starts; hosts give it back in inventory and events. */
export function annotationsOf({ app, scalerId, settings }: Workload, spread: string): Annotations {
  const hasSettings = Object.keys(settings).length > 0
  return {
    [managedBy]: 'wadm',
    [appspec]: app,
    [scaler]: scalerId,
    [spreadName]: spread,
    ...(hasSettings && { [settingsAnnotation]: JSON.stringify(settings) }),
  }
}

/** True when all that we write stands there; more may stand there too. */
export function carries(found: Annotations, written: Annotations): boolean {
  return Object.entries(written).every(([key, value]) => found[key] === value)
}

/** The application that a running thing was started for; undefined when somebody else started it. */
export function appOf(found: Annotations): string | undefined {
  return found[managedBy] === 'wadm' ? found[appspec] : undefined
}

/** The version of a workload that a running thing was started as. */
export function scalerOf(found: Annotations): string | undefined {
  return found[scaler]
}

/** The spread that a running thing was started for. */
export function spreadOf(found: Annotations): string | undefined {
  return found[spreadName]
}
