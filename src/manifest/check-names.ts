import { componentIdOf, configNameOf } from './generated-names.ts'
import { meantInterface } from './known-interfaces.ts'
import type { Policy } from './manifest.ts'
import { didYouMean } from './nearest-name.ts'
import type { LocatedComponent } from './read-component.ts'
import type { ConfigProperty, SecretProperty } from './read-config.ts'
import type { Report } from './report.ts'

/** The policy type that names a secrets backend. */
const secretPolicyType = 'policy.secret.wasmcloud.dev/v1alpha1'

interface Application {
  readonly name: string
  readonly components: readonly LocatedComponent[]
  readonly policies: readonly Policy[]
}

/** What only shows when all components are known: doubles, links that go nowhere, secrets without a policy. */
export function checkNames(report: Report, application: Application): void {
  checkComponents(report, application)
  checkLinks(report, application.components)
  checkConfigs(report, application)
  checkSecrets(report, application)
}

function checkComponents(report: Report, { name, components }: Application): void {
  const names = new Set<string>()
  const ids = new Map<string, string>()
  for (const { component, nameOffset, idOffset } of components) {
    if (names.has(component.name)) {
      report.problem(nameOffset, `two components are called "${component.name}", expected a name for each`)
      continue
    }
    names.add(component.name)
    const id = componentIdOf(name, component)
    const other = ids.get(id)
    if (other !== undefined)
      report.problem(idOffset, `"${component.name}" and "${other}" would both have the id "${id}"`)
    ids.set(id, component.name)
  }
}

function checkLinks(report: Report, components: readonly LocatedComponent[]): void {
  const names = [...new Set(components.map(({ component }) => component.name))]
  for (const { component } of components) {
    const seen = new Set<string>()
    for (const link of component.links) {
      if (!names.includes(link.target)) {
        const hint = didYouMean(link.target, names) || `, expected one of ${names.join(', ')}`
        report.problem(
          link.targetOffset,
          `the link goes to "${link.target}", which is no component here${hint}`,
        )
      }
      for (const name of link.interfaces) {
        const wit = `${link.namespace}:${link.package}`
        const meant = meantInterface(wit, name)
        if (meant !== undefined)
          report.warning(link.offset, `${wit} has no interface "${name}"; did you mean "${meant}"?`)
        const key = `${link.namespace}:${link.package}/${name} under the link name "${link.name}"`
        if (seen.has(key))
          report.problem(link.offset, `"${component.name}" has two links for ${key}: give one another name`)
        seen.add(key)
      }
    }
  }
}

function checkConfigs(report: Report, { name, components }: Application): void {
  const known = new Map<string, string>()
  const configs = components.flatMap(({ component }) => [
    ...component.config,
    ...component.links.flatMap((link) => [...link.source.config, ...link.targetEnd.config]),
  ])
  for (const config of configs) {
    if (!config.properties) continue
    const generated = configNameOf(name, config.name)
    const text = contentOf(config)
    if ((known.get(generated) ?? text) !== text)
      report.problem(
        config.offset,
        `two configs would both be stored as "${generated}", with different properties: give one another name`,
      )
    known.set(generated, text)
  }
}

function contentOf({ properties }: ConfigProperty): string {
  return JSON.stringify(Object.entries(properties ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function checkSecrets(report: Report, { components, policies }: Application): void {
  const secrets: SecretProperty[] = components.flatMap(({ component }) => [
    ...component.secrets,
    ...component.links.flatMap((link) => [...link.source.secrets, ...link.targetEnd.secrets]),
  ])
  const names = policies.map(({ name }) => name)
  for (const secret of secrets) {
    const policy = policies.find(({ name }) => name === secret.policy)
    const problem = (message: string) => report.problem(secret.offset, `secret "${secret.name}" ${message}`)
    if (!policy)
      problem(
        `names the policy "${secret.policy}", which spec.policies lacks${didYouMean(secret.policy, names)}`,
      )
    else if (policy.type !== secretPolicyType)
      problem(`names the policy "${policy.name}" of type "${policy.type}", expected "${secretPolicyType}"`)
    else if (policy.properties['backend'] === undefined)
      problem(`names the policy "${policy.name}", which has no "backend" in its properties`)
  }
}
