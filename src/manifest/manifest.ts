import type { ComponentSettings } from '../component-settings.ts'
import type { JsonObject } from './json.ts'
import type { Autoscaler } from './read-autoscaler.ts'
import type { ConfigProperty, SecretProperty } from './read-config.ts'
import type { ManifestLink } from './read-link.ts'
import type { PlacementTrait } from './read-placement.ts'
import type { RolloutRule } from './read-rollout.ts'
import type { Scaler } from './read-scaler.ts'

/** An application: what `parseManifest` makes of a wadm manifest. Legacy spellings are gone, defaults are filled in. */
export interface Manifest {
  readonly name: string
  /** '' when the manifest names none; the store gives it one then. */
  readonly version: string
  readonly description: string | undefined
  /** True when other applications may refer to its components. */
  readonly shared: boolean
  readonly policies: readonly Policy[]
  readonly components: readonly ManifestComponent[]
  /** The manifest as it was written, as JSON: what the API gives back. */
  readonly source: JsonObject
}

export interface ManifestComponent {
  readonly name: string
  readonly kind: 'component' | 'capability'
  /** An image of its own, or a component of another application. */
  readonly from: { readonly image: string } | { readonly application: string; readonly component: string }
  /** Undefined means: named after the application and the component. */
  readonly id: string | undefined
  /** Where its image is named in the file. */
  readonly imageOffset: number
  readonly config: readonly ConfigProperty[]
  readonly secrets: readonly SecretProperty[]
  readonly scaler: Scaler | undefined
  /** Changes the number of the scaler with the load. */
  readonly autoscaler: Autoscaler | undefined
  readonly placement: PlacementTrait | undefined
  /** How a new version comes to its hosts; undefined: one goes first, then all. */
  readonly rollout: RolloutRule | undefined
  readonly links: readonly ManifestLink[]
  /** What the traits of Weft's own say. */
  readonly settings: ComponentSettings
}

/** Where secrets come from; `properties.backend` names the secrets backend. */
export interface Policy {
  readonly name: string
  readonly type: string
  readonly properties: Readonly<Record<string, string>>
}
