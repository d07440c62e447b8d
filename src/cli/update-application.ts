import { type AppClient, createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import { componentIdOf } from '../manifest/generated-names.ts'
import type { Json, JsonObject } from '../manifest/json.ts'
import type { Terminal } from './command.ts'
import type { OpenLattice } from './connect-lattice.ts'
import { type DeployedApp, followDeploy } from './deploy-app.ts'

/**
 * Gives a component of a deployed application another image: a new version of the application, which is this one with
 * that image, rolls out as any other.
 */
export async function updateApplication(options: {
  readonly open: OpenLattice
  readonly app: string
  readonly component: string
  readonly image: string
  /** 0 does not wait. */
  readonly timeoutMs: number
  readonly terminal: Terminal
}): Promise<DeployedApp> {
  const { open, app, component, image, timeoutMs, terminal } = options
  const apps = createAppClient(open)
  const source = await deployedSource(apps, app)
  const changed = withImage(source, { app, component, image })
  const { version } = await apps.put(JSON.stringify(changed))
  await apps.deploy(app, version)
  return followDeploy({ apps, name: app, version, timeoutMs, terminal })
}

async function deployedSource(apps: AppClient, app: string): Promise<JsonObject> {
  const deployed = (await apps.versions(app)).find((one) => one.deployed)?.version
  if (deployed === undefined) throw new WeftError('not_found', `application ${app} is not deployed any more`)
  const { manifest, problems } = checkManifest(JSON.stringify(await apps.get(app, deployed)))
  if (manifest) return manifest.source
  throw new WeftError('invalid', `${app} ${deployed}: what is stored can't be read: ${problems[0]?.message}`)
}

/** The manifest with another image for one component, and without its version: it is a new one. */
function withImage(
  source: JsonObject,
  { app, component, image }: { readonly app: string; readonly component: string; readonly image: string },
): JsonObject {
  const { manifest } = checkManifest(JSON.stringify(source))
  const at = manifest?.components.findIndex(
    (one) => 'image' in one.from && componentIdOf(app, one) === component,
  )
  if (at === undefined || at < 0)
    throw new WeftError('not_found', `application ${app} does not start ${component} any more`)
  const metadata = objectIn(source, 'metadata')
  const { version: _, ...annotations } = objectIn(metadata, 'annotations')
  const spec = objectIn(source, 'spec')
  const components = (spec['components'] as readonly JsonObject[]).map((one, index) =>
    index === at ? { ...one, properties: { ...objectIn(one, 'properties'), image } } : one,
  )
  return { ...source, metadata: { ...metadata, annotations }, spec: { ...spec, components } }
}

function objectIn(object: JsonObject, name: string): JsonObject {
  const value: Json | undefined = object[name]
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}
}
