import type { Manifest } from '../manifest/manifest.ts'
import { contentOf } from './config-content.ts'
import { type DesiredApp, desiredApp } from './desired.ts'
import { competes, linkContent, linkIdentity } from './link-key.ts'

/**
 * What an application would take from others that are deployed, each a sentence with both names. Ids are one space for
 * the whole lattice; a link or config that both want just the same is no clash. Two that each get their way in turn
 * would fight for ever, so such a deploy is refused.
 */
export function findClashes(manifest: Manifest, deployed: ReadonlyMap<string, Manifest>): string[] {
  const findDeployed = (name: string) => deployed.get(name)
  const app = desiredApp(manifest, findDeployed)
  return [...deployed]
    .filter(([name]) => name !== manifest.name)
    .flatMap(([, other]) => clashes(app, desiredApp(other, findDeployed)))
}

function clashes(app: DesiredApp, other: DesiredApp): string[] {
  return [...idClashes(app, other), ...configClashes(app, other), ...linkClashes(app, other)]
}

function idClashes(app: DesiredApp, other: DesiredApp): string[] {
  const taken = new Set(other.workloads.map(({ id }) => id))
  return app.workloads
    .filter(({ id }) => taken.has(id))
    .map(
      ({ id, name }) =>
        `the id "${id}" belongs to "${other.name}", which is deployed: give "${name}" of "${app.name}" another id`,
    )
}

function configClashes(app: DesiredApp, other: DesiredApp): string[] {
  return app.configs.flatMap(({ kind, title, name, properties }) => {
    const theirs = other.configs.find((config) => config.name === name)?.properties
    if (!properties || !theirs || contentOf(properties) === contentOf(theirs)) return []
    return [
      `"${other.name}", which is deployed, stores other contents as the ${kind} "${name}": give ${kind} "${title}" of "${app.name}" another name`,
    ]
  })
}

function linkClashes(app: DesiredApp, other: DesiredApp): string[] {
  return app.links.flatMap(({ link }) =>
    other.links
      .filter(({ link: theirs }) =>
        linkIdentity(link) === linkIdentity(theirs)
          ? linkContent(link) !== linkContent(theirs)
          : competes(link, theirs),
      )
      .map(({ link: theirs }) => {
        const interfaces = link.interfaces.filter((name) => theirs.interfaces.includes(name))
        const what = `${link.wit_namespace}:${link.wit_package}/${(interfaces.length > 0 ? interfaces : link.interfaces).join(',')}`
        return (
          `"${other.name}", which is deployed, has the link "${link.name}" from ${link.source_id} to ${theirs.target} for ${what}: ` +
          `give the link to ${link.target} of "${app.name}" another name`
        )
      }),
  )
}
