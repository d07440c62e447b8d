import { largestComponent, readArtifactFile, requireArtifactFile } from '../artifact/artifact-file.ts'
import { parseReference } from '../artifact/reference.ts'
import { WeftError } from '../errors.ts'
import { checkComponentBytes } from '../guest/component-file.ts'
import { builtinProviderNames } from '../host/builtin-providers.ts'
import type { CheckedManifest } from '../manifest/check-manifest.ts'
import type { Manifest, ManifestComponent } from '../manifest/manifest.ts'
import { didYouMean } from '../manifest/nearest-name.ts'
import type { Problem } from '../manifest/report.ts'
import { decodeWorld } from '../wit/decode-component.ts'
import { type InterfaceName, parseInterfaceName } from '../wit/names.ts'
import type { WitWorld } from '../wit/type.ts'

/** What was found: problems stop a deploy, warnings do not. */
export interface CheckedComponents {
  readonly problems: readonly Problem[]
  readonly warnings: readonly Problem[]
}

/** WASI packages that the host answers by itself, wholly or with a refusal. */
const hostPackages = new Set([
  'otel',
  'cli',
  'clocks',
  'io',
  'random',
  'filesystem',
  'sockets',
  'config',
  'logging',
])
const builtinScheme = 'wasmcloud+builtin://'
const keyvalue = ['wasi:keyvalue/store', 'wasi:keyvalue/atomics', 'wasi:keyvalue/batch']
const builtinServes: ReadonlyMap<string, readonly string[]> = new Map([
  [`${builtinScheme}blobstore-fs`, ['wasi:blobstore/blobstore']],
  [`${builtinScheme}blobstore-nats`, ['wasi:blobstore/blobstore']],
  [`${builtinScheme}keyvalue-memory`, keyvalue],
  [`${builtinScheme}keyvalue-nats`, keyvalue],
  [`${builtinScheme}keyvalue-redis`, keyvalue],
  [`${builtinScheme}http-server`, []],
  [`${builtinScheme}http-client`, ['wasi:http/outgoing-handler']],
  [`${builtinScheme}messaging-nats`, ['wasmcloud:messaging/consumer']],
])

/** Who answers the interfaces of a package, as people call it. */
const providerFor: ReadonlyMap<string, string> = new Map([
  ['wasi:blobstore', 'a blobstore provider'],
  ['wasi:keyvalue', 'a key-value provider'],
  ['wasmcloud:messaging', 'a messaging provider'],
])

/** Looks at what the components of a manifest name as their images: is each there, and is it what it should be? */
export async function checkImages(
  manifest: Manifest,
  at: CheckedManifest['at'],
): Promise<{ readonly problems: readonly Problem[]; readonly worlds: ReadonlyMap<string, WitWorld> }> {
  const problems: Problem[] = []
  const worlds = new Map<string, WitWorld>()
  for (const component of manifest.components) {
    try {
      const world = await worldOf(component)
      if (world) worlds.set(component.name, world)
    } catch (error) {
      problems.push(at(component.imageOffset, WeftError.from(error).message))
    }
  }
  return { problems, worlds }
}

/** Looks into the components of a manifest whose files are on this machine: are they components, and is each import met? */
export async function checkComponents(
  manifest: Manifest,
  at: CheckedManifest['at'],
): Promise<CheckedComponents> {
  const { worlds, ...images } = await checkImages(manifest, at)
  const problems = [...images.problems]
  const warnings: Problem[] = []
  for (const component of manifest.components) {
    const world = worlds.get(component.name)
    for (const name of world ? importsToLink(world) : []) {
      if (hasLink(component, name)) continue
      if (isOutgoingHttp(name) && component.settings.network?.http) continue
      const message = unmet(component.name, name)
      if (isOutgoingHttp(name)) warnings.push(at(component.imageOffset, message))
      else problems.push(at(component.imageOffset, message))
    }
    problems.push(...checkTargets(manifest, component, worlds, at))
  }
  return { problems, warnings }
}

async function worldOf({ kind, from }: ManifestComponent): Promise<WitWorld | undefined> {
  // An empty one could not be read, which was told.
  if (!('image' in from) || from.image === '') return undefined
  if (kind === 'capability') {
    if (from.image.startsWith(builtinScheme)) checkBuiltin(from.image.slice(builtinScheme.length))
    else await checkProgram(from.image)
    return undefined
  }
  const reference = parseReference(from.image)
  if (reference.kind !== 'file') return undefined
  const bytes = await readArtifactFile(from.image, reference.path, largestComponent)
  checkComponentBytes(bytes, from.image)
  try {
    return decodeWorld(bytes)
  } catch (cause) {
    throw new WeftError(
      'invalid',
      `${from.image} is not a valid component: ${WeftError.from(cause).message}`,
      { cause },
    )
  }
}

/** A provider that is a process of its own: what it is shows when it starts, that it is there can be seen. */
async function checkProgram(image: string): Promise<void> {
  const reference = parseReference(image)
  if (reference.kind === 'file') await requireArtifactFile(image, reference.path)
}

function checkBuiltin(name: string): void {
  if (builtinProviderNames.includes(name)) return
  const hint =
    didYouMean(name, builtinProviderNames) || `, expected one of ${builtinProviderNames.join(', ')}`
  throw new WeftError('invalid', `there is no builtin provider "${name}"${hint}`)
}

/** The imports that somebody else must answer. */
function importsToLink(world: WitWorld): InterfaceName[] {
  const names = world.imports.flatMap((one) => {
    const name = parseInterfaceName(one.id)
    if (!name || one.functions.length === 0) return []
    if (name.namespace === 'wasmcloud' && ['bus', 'secrets'].includes(name.package)) return []
    if (name.namespace === 'wasi') {
      if (hostPackages.has(name.package)) return []
      if (name.package === 'http' && !isOutgoingHttp(name) && name.interface !== 'handler') return []
    }
    return [name]
  })
  // Several interfaces may go over one link: one of them stands for all.
  const links = names.map((name) => `${name.namespace}:${name.package}/${linkedAs(name)}`)
  return names.filter((_, at) => links.indexOf(links[at] ?? '') === at)
}

/** Requests to the outside: without a link they fail one by one, which a component may be ready for. */
function isOutgoingHttp({ namespace, package: pkg, interface: name }: InterfaceName): boolean {
  return namespace === 'wasi' && pkg === 'http' && (name === 'outgoing-handler' || name === 'client')
}

function hasLink(component: ManifestComponent, name: InterfaceName): boolean {
  return component.links.some(
    (link) =>
      link.namespace === name.namespace &&
      link.package === name.package &&
      link.interfaces.includes(linkedAs(name)),
  )
}

/** The HTTP interfaces of WASI 0.3 are linked to under the names that 0.2 gave them, those of blobstore under one. */
function linkedAs({ namespace, package: pkg, interface: name }: InterfaceName): string {
  if (namespace === 'wasi' && pkg === 'blobstore') return 'blobstore'
  if (namespace !== 'wasi' || pkg !== 'http') return name
  if (name === 'client') return 'outgoing-handler'
  return name === 'handler' ? 'incoming-handler' : name
}

function unmet(component: string, name: InterfaceName): string {
  const { namespace, package: pkg, version } = name
  const id = `${namespace}:${pkg}/${name.interface}${version === '' ? '' : `@${version}`}`
  const provider = name.interface === 'handler' ? undefined : providerFor.get(`${namespace}:${pkg}`)
  const to = provider ?? 'a component that exports it'
  return (
    `component ${component} imports ${id}, and nothing provides it: ` +
    `add a link trait with namespace: ${namespace}, package: ${pkg}, interfaces: [${linkedAs(name)}] to ${to}`
  )
}

/** A link's target, when it can be looked into, must export what the link is for. */
function checkTargets(
  manifest: Manifest,
  component: ManifestComponent,
  worlds: ReadonlyMap<string, WitWorld>,
  at: CheckedManifest['at'],
): Problem[] {
  return component.links.flatMap((link) => {
    const offers = offersOf(manifest, link.target, worlds)
    if (!offers) return []
    return link.interfaces.flatMap((name) => {
      const wanted = `${link.namespace}:${link.package}/${name}`
      if (offers.includes(wanted)) return []
      const has = offers.length === 0 ? 'nothing that can be linked to' : offers.join(', ')
      return [at(link.targetOffset, `${link.target} does not export ${wanted}; it exports ${has}`)]
    })
  })
}

function offersOf(
  manifest: Manifest,
  name: string,
  worlds: ReadonlyMap<string, WitWorld>,
): readonly string[] | undefined {
  const world = worlds.get(name)
  if (world) return world.exports.flatMap((one) => offered(one.id))
  const target = manifest.components.find((one) => one.name === name)
  const image = target && 'image' in target.from ? target.from.image : ''
  return builtinServes.get(image)
}

function offered(id: string): readonly string[] {
  const name = parseInterfaceName(id)
  return name ? [`${name.namespace}:${name.package}/${linkedAs(name)}`] : []
}
