import { createHash } from 'node:crypto'
import type { ComponentSettings } from '../component-settings.ts'
import type { Link } from '../lattice/link.ts'
import { componentIdOf, configNameOf, secretNameOf } from '../manifest/generated-names.ts'
import type { Manifest, ManifestComponent } from '../manifest/manifest.ts'
import type { Autoscaler } from '../manifest/read-autoscaler.ts'
import type { ConfigProperty, SecretProperty } from '../manifest/read-config.ts'
import type { LinkEnd, ManifestLink } from '../manifest/read-link.ts'
import type { PlacementTrait } from '../manifest/read-placement.ts'
import type { RolloutRule } from '../manifest/read-rollout.ts'
import type { Scaler } from '../manifest/read-scaler.ts'
import { contentOf } from './config-content.ts'
import type { ScaleNote } from './scale-note.ts'

/** What one deployed application wants of its lattice, in the lattice's own names. */
export interface DesiredApp {
  readonly name: string
  readonly version: string
  readonly workloads: readonly Workload[]
  readonly configs: readonly DesiredConfig[]
  readonly links: readonly DesiredLink[]
  /** What can't be wished for, such as a component of an application that is not deployed. */
  readonly failures: readonly DesiredFailure[]
}

/** A component or provider that is to run somewhere. */
export interface Workload {
  readonly kind: 'component' | 'provider'
  readonly app: string
  /** Its name in the manifest. */
  readonly name: string
  readonly id: string
  readonly image: string
  /** Names of configs and secrets, in order. */
  readonly config: readonly string[]
  readonly settings: ComponentSettings
  /** Undefined: a component that the manifest does not ask to start. */
  readonly scaler: Scaler | undefined
  readonly autoscaler: Autoscaler | undefined
  /** What was decided since it was deployed, when the number of the scaler is that and not the manifest's. */
  readonly note?: ScaleNote
  readonly placement: PlacementTrait
  /** How a new version comes to its hosts; undefined: as the default has it. */
  readonly rollout: RolloutRule | undefined
  /** Changes when a running one must be replaced or configured anew; stands in its annotations. */
  readonly scalerId: string
}

/** A config entry; without properties it belongs to somebody else and must be there. */
export interface DesiredConfig {
  readonly kind: 'config' | 'secret'
  /** Its name in the manifest. */
  readonly title: string
  readonly name: string
  readonly properties: Readonly<Record<string, string>> | undefined
}

export interface DesiredLink {
  /** `hello -(wasi:keyvalue)-> kvredis`, for people. */
  readonly title: string
  readonly link: Link
}

export interface DesiredFailure {
  readonly title: string
  readonly message: string
}

/** Finds the deployed manifest of another application, for components that belong to it. */
export type FindDeployed = (app: string) => Manifest | undefined

/** Says what a deployed manifest wants; names and ids are wadm's. */
export function desiredApp(manifest: Manifest, findDeployed: FindDeployed): DesiredApp {
  const configs = new Map<string, DesiredConfig>()
  const failures: DesiredFailure[] = []
  const workloads: Workload[] = []
  const ids = new Map<string, string>()
  const nameAll = (end: LinkEnd, naming: ConfigNaming = configNameOf): string[] => {
    const wanted = desiredConfigs(manifest, end, naming)
    for (const config of wanted) configs.set(config.name, config)
    return wanted.map(({ name }) => name)
  }
  for (const component of manifest.components) {
    const found = 'image' in component.from ? undefined : findShared(component.from, findDeployed)
    if (typeof found === 'string') failures.push({ title: component.name, message: found })
    else ids.set(component.name, found?.id ?? componentIdOf(manifest.name, component))
    if ('image' in component.from) {
      const config = nameAll(component, component.rollout ? versionedNameOf : configNameOf)
      workloads.push(workloadOf(manifest.name, component, { image: component.from.image, config }))
    }
  }
  const links = manifest.components.flatMap((component) =>
    component.links.flatMap((link): DesiredLink[] => {
      const source = ids.get(component.name)
      const target = ids.get(link.target)
      const configsOfEnds = { source_config: nameAll(link.source), target_config: nameAll(link.targetEnd) }
      if (source === undefined || target === undefined) return []
      return [
        {
          title: linkTitle(component.name, link),
          link: { ...linkOf(source, target, link), ...configsOfEnds },
        },
      ]
    }),
  )
  return {
    name: manifest.name,
    version: manifest.version,
    workloads,
    configs: [...configs.values()],
    links,
    failures,
  }
}

function workloadOf(
  app: string,
  component: ManifestComponent,
  { image, config }: Pick<Workload, 'image' | 'config'>,
): Workload {
  const kind = component.kind === 'component' ? 'component' : 'provider'
  const id = componentIdOf(app, component)
  const scalerId = createHash('sha256')
    .update(JSON.stringify([app, component.name, id, image, config, ...settingsPart(component.settings)]))
    .digest('hex')
  // wadm: a provider without a scaler gets one instance, a component none.
  const scaler = component.scaler ?? (kind === 'provider' || component.autoscaler ? oneInstance : undefined)
  return {
    kind,
    app,
    name: component.name,
    id,
    image,
    config,
    settings: component.settings,
    scaler,
    autoscaler: component.autoscaler,
    placement: component.placement ?? {},
    rollout: component.rollout,
    scalerId,
  }
}

/** Nothing when there are no settings, so that an application without them keeps its scaler ids. */
function settingsPart(settings: ComponentSettings): ComponentSettings[] {
  return Object.keys(settings).length === 0 ? [] : [settings]
}

const oneInstance: Scaler = {
  kind: 'spread',
  instances: 1,
  spread: [{ name: 'default', requirements: {}, weight: 100 }],
}

function findShared(
  { application, component: name }: { readonly application: string; readonly component: string },
  findDeployed: FindDeployed,
): { readonly id: string } | string {
  const manifest = findDeployed(application)
  if (!manifest) return `application "${application}", which it belongs to, is not deployed`
  if (!manifest.shared)
    return `application "${application}" does not share: give it the annotation experimental.wasmcloud.dev/shared: "true"`
  const component = manifest.components.find((other) => other.name === name)
  return component
    ? { id: componentIdOf(application, component) }
    : `application "${application}" has no component "${name}"`
}

function linkTitle(source: string, { target, namespace, package: pkg }: ManifestLink): string {
  return `${source} -(${namespace}:${pkg})-> ${target}`
}

function linkOf(
  source: string,
  target: string,
  link: ManifestLink,
): Omit<Link, 'source_config' | 'target_config'> {
  return {
    source_id: source,
    target,
    name: link.name,
    wit_namespace: link.namespace,
    wit_package: link.package,
    interfaces: link.interfaces,
  }
}

/** How a config with properties is called in the lattice. */
type ConfigNaming = (app: string, config: string, properties: Readonly<Record<string, string>>) => string

/** Other contents have another name, so that each host can have its own while a new version rolls out. */
const versionedNameOf: ConfigNaming = (app, config, properties) => {
  const digest = createHash('sha256').update(contentOf(properties)).digest('hex')
  return `${configNameOf(app, config)}-${digest.slice(0, 8)}`
}

function desiredConfigs(
  { name: app, policies }: Manifest,
  {
    config,
    secrets,
  }: { readonly config: readonly ConfigProperty[]; readonly secrets: readonly SecretProperty[] },
  naming: ConfigNaming,
): DesiredConfig[] {
  return [
    ...config.map(({ name, properties }): DesiredConfig => {
      return {
        kind: 'config',
        title: name,
        name: properties ? naming(app, name, properties) : name,
        properties,
      }
    }),
    ...secrets.map((secret): DesiredConfig => {
      const policy = policies.find(({ name }) => name === secret.policy)?.properties ?? {}
      return {
        kind: 'secret',
        title: secret.name,
        name: secretNameOf(app, secret.name),
        properties: secretReference(secret, policy),
      }
    }),
  ]
}

/** A secret travels as a config entry that says where to ask for it. */
function secretReference(
  { name, key, field, version }: SecretProperty,
  { backend = '', ...properties }: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    name,
    type: 'secret.wasmcloud.dev/v1alpha1',
    backend,
    key,
    ...(field === undefined ? {} : { field }),
    ...(version === undefined ? {} : { version }),
    policy: JSON.stringify({ type: 'properties.secret.wasmcloud.dev/v1alpha1', properties }),
  }
}
