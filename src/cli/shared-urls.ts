import type { AppClient } from '../controller/api-client.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import { urlsOf } from './app-urls.ts'

/**
 * A line for each URL of an application at which another deployed one is to answer, too. On two machines that is well; on
 * one, whatever host runs them there, the second cannot listen.
 */
export async function sharedUrls(
  apps: Pick<AppClient, 'list' | 'get'>,
  { name, urls }: { readonly name: string; readonly urls: readonly string[] },
): Promise<string[]> {
  const others = (await apps.list()).filter((app) => app.name !== name && app.deployedVersion !== undefined)
  const lines = others.map(async (other) => {
    const { manifest } = checkManifest(JSON.stringify(await apps.get(other.name, other.deployedVersion)))
    const theirs = manifest ? urlsOf(manifest) : []
    return urls
      .filter((url) => theirs.includes(url))
      .map((url) => `application ${other.name} is to answer at ${url}, too: one machine has it once`)
  })
  return (await Promise.all(lines)).flat()
}
