import type { AppClient } from '../controller/api-client.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import { urlsOf } from './app-urls.ts'
import type { Terminal } from './command.ts'
import { waitForApp } from './wait-for-app.ts'

export interface StoredApp {
  readonly name: string
  readonly state: string
  /** Where the application answers HTTP. */
  readonly urls: readonly string[]
}

/** How long applications that were deployed before may take to run again. */
const waitMs = 20_000

/** The applications that are deployed in the lattice, once they run or some time has passed. */
export async function storedApps(apps: AppClient, terminal: Terminal): Promise<StoredApp[]> {
  const deployed = (await apps.list()).filter((app) => app.deployedVersion !== undefined)
  return Promise.all(
    deployed.map(async ({ name, deployedVersion }) => {
      const { status } = await waitForApp({
        apps,
        name,
        timeoutMs: waitMs,
        signal: terminal.signal,
      })
      const { manifest } = checkManifest(JSON.stringify(await apps.get(name, deployedVersion)))
      const state =
        status.type === 'deployed' || status.message === ''
          ? status.type
          : `${status.type}: ${status.message}`
      return { name, state, urls: manifest ? urlsOf(manifest) : [] }
    }),
  )
}
