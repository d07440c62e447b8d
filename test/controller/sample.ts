import type { Annotations } from '../../src/controller/annotations.ts'
import { annotationsOf } from '../../src/controller/annotations.ts'
import type { Workload } from '../../src/controller/desired.ts'
import type { HostView, LatticeView } from '../../src/controller/lattice-view.ts'
import type { AppPlan, KnownApp } from '../../src/controller/plan.ts'
import { Planner } from '../../src/controller/planner.ts'
import type { RolloutKnowledge } from '../../src/controller/roll-out.ts'
import type { Link } from '../../src/lattice/link.ts'
import type { Manifest } from '../../src/manifest/manifest.ts'
import { parseManifest } from '../../src/manifest/parse-manifest.ts'

/** A manifest with these components, given as wadm writes them. */
export function manifestOf(
  components: readonly object[],
  more: {
    readonly name?: string
    readonly annotations?: Annotations
    readonly policies?: readonly object[]
  } = {},
): Manifest {
  const { name = 'my-app', annotations = { version: 'v1' }, policies = [] } = more
  const metadata = { name, annotations }
  const source = {
    apiVersion: 'core.oam.dev/v1beta1',
    kind: 'Application',
    metadata,
    spec: { components, policies },
  }
  return parseManifest(JSON.stringify(source), 'sample.json')
}

/** A component that is to run `instances` times, in spreads if given. */
export function component(
  name: string,
  instances: number,
  more: { spread?: object[]; traits?: object[]; properties?: object } = {},
) {
  const scaler = {
    type: 'spreadscaler',
    properties: { instances, ...(more.spread ? { spread: more.spread } : {}) },
  }
  const properties = { image: `file:///${name}.wasm`, ...more.properties }
  return { name, type: 'component', properties, traits: [scaler, ...(more.traits ?? [])] }
}

/** A provider on `instances` hosts. */
export function provider(name: string, instances = 1, properties: object = {}) {
  const traits = [{ type: 'spreadscaler', properties: { instances } }]
  return { name, type: 'capability', properties: { image: `oci://${name}:1`, ...properties }, traits }
}

/** A link to `target` for `wasi:keyvalue/store`. */
export function linkTo(target: string, more: object = {}) {
  return {
    type: 'link',
    properties: {
      namespace: 'wasi',
      package: 'keyvalue',
      interfaces: ['store'],
      target: { name: target },
      ...more,
    },
  }
}

/** A host that runs nothing. */
export function host(id: string, more: Partial<HostView> = {}): HostView {
  const nothing = { components: [], providers: [], unhealthy: new Map<string, string>() }
  return { id, name: `host-${id}`, labels: {}, weft: true, ...nothing, ...more }
}

/** A lattice of these hosts, without links and configs when none are given. */
export function lattice(
  hosts: readonly HostView[],
  more: { readonly links?: readonly Link[]; readonly configs?: LatticeView['configs'] } = {},
): LatticeView {
  const { links = [], configs = new Map() } = more
  return { hosts, links: (source) => links.filter(({ source_id }) => source_id === source), configs }
}

/** Nothing is remembered and nothing was seen of any roll-out. */
export const noRollouts: RolloutKnowledge = {
  noted: undefined,
  failures: [],
  observed: { traffic: () => ({ calls: 0, traps: 0 }), check: () => undefined },
  now: 0,
}

/** What applications lack, by name, looked at together for the first time. */
export function planAll(
  apps: readonly KnownApp[],
  view: LatticeView,
  rollouts = noRollouts,
): readonly AppPlan[] {
  const planner = new Planner()
  for (const app of apps) planner.put(app.name, app)
  planner.see(view)
  return planner.due().flatMap((name) => planner.plan(name, rollouts) ?? [])
}

/** The host, running the workload as the controller would have started it. */
export function running(
  on: HostView,
  workload: Workload,
  options: { instances?: number; spread?: string; image?: string; annotations?: Annotations } = {},
): HostView {
  const { instances = 1, spread = 'default', image = workload.image } = options
  const annotations = options.annotations ?? annotationsOf(workload, spread)
  const common = { id: workload.id, image_ref: image, annotations, revision: 0 }
  return workload.kind === 'component'
    ? { ...on, components: [...on.components, { ...common, max_instances: instances, limits: null }] }
    : { ...on, providers: [...on.providers, common] }
}
