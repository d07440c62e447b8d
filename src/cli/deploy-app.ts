import { isDeepStrictEqual } from 'node:util'
import type { AppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { appProgress } from './app-progress.ts'
import { urlsOf } from './app-urls.ts'
import type { Terminal } from './command.ts'
import { readApp } from './read-app.ts'
import { sharedUrls } from './shared-urls.ts'
import { missingLines, waitForApp } from './wait-for-app.ts'

export interface DeployedApp {
  readonly name: string
  readonly version: string
  /** The state that was reached: `deployed`, what it hangs at, or from which version it was rolled back. */
  readonly state: string
  /** For each part that is not deployed, the reason. */
  readonly missing: readonly string[]
  /** Where the application answers HTTP. */
  readonly urls: readonly string[]
}

/** Checks a manifest file with its components, deploys it, and waits for it (not at all with `timeoutMs` 0). */
export async function deployApp(options: {
  readonly apps: AppClient
  readonly file: string
  readonly timeoutMs: number
  readonly terminal: Terminal
}): Promise<DeployedApp> {
  const { apps, file, timeoutMs, terminal } = options
  const { manifest, warnings } = await readApp(file)
  for (const warning of warnings) terminal.err(`warning: ${warning}\n`)
  const { name } = manifest
  const version = await store(apps, manifest)
  await apps.deploy(name, version)
  const app = await followDeploy({ apps, name, version, timeoutMs, terminal })
  const urls = urlsOf(manifest)
  if (app.missing.length === 0 || timeoutMs === 0) return { ...app, urls }
  return { ...app, urls, missing: [...app.missing, ...(await sharedUrls(apps, { name, urls }))] }
}

/** Waits for a version that was just deployed, telling what happens meanwhile. */
export async function followDeploy(options: {
  readonly apps: AppClient
  readonly name: string
  readonly version: string
  readonly timeoutMs: number
  readonly terminal: Terminal
}): Promise<DeployedApp> {
  const { apps, name, version, timeoutMs, terminal } = options
  const progress = appProgress(terminal)
  const status = await waitForApp({
    apps,
    name,
    timeoutMs,
    signal: terminal.signal,
    steadyMs: 500,
    onStatus: progress.show,
  })
  if (status.rolledBack?.from === version) {
    const missing = [`${version} did not run well: ${status.rolledBack.reason}`]
    return { name, version: status.version, state: `rolled back from ${version}`, missing, urls: [] }
  }
  return { name, version, state: status.status.type, missing: missingLines(status), urls: [] }
}

/** Puts the manifest and gives back its version; one that is stored already with the same content is not put again. */
async function store(apps: AppClient, manifest: Manifest): Promise<string> {
  const { name, version, source } = manifest
  const stored = await apps.get(name, version === '' ? undefined : version).catch((error: unknown) => {
    if (WeftError.from(error).code === 'not_found') return undefined
    throw error
  })
  const found = stored === undefined ? undefined : checkManifest(JSON.stringify(stored)).manifest
  if (found && isDeepStrictEqual(withoutVersion(found.source), withoutVersion(source))) return found.version
  if (found && version !== '') {
    throw new WeftError(
      'invalid',
      `${name} ${version} is stored already with another content, and versions are never overwritten: ` +
        'change metadata.annotations.version, or leave it out to have one made',
    )
  }
  return (await apps.put(JSON.stringify(source))).version
}

/** The manifest's content; a version that the store has given it does not count. */
function withoutVersion(source: Manifest['source']): unknown {
  const { metadata, ...rest } = source as { metadata?: { annotations?: Record<string, unknown> } }
  const { version: _, ...annotations } = metadata?.annotations ?? {}
  return { ...rest, metadata: { ...metadata, annotations } }
}
