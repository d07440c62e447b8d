import { Artifacts } from '../artifact/artifacts.ts'
import { credentialsFrom } from '../artifact/credentials.ts'
import { requestRegistryCredentials } from '../lattice/config-service.ts'
import type { connectNats } from '../lattice/connect.ts'
import type { HostOptions } from './host-options.ts'

/** Artifacts within the host's rules, with the registry logins that the lattice's config service gives it. */
export async function openArtifacts(
  options: Pick<HostOptions, 'artifacts' | 'artifactDir' | 'configService' | 'env' | 'lattice' | 'log'>,
  host: {
    readonly connection: Awaited<ReturnType<typeof connectNats>>
    readonly labels: ReadonlyMap<string, string>
  },
): Promise<Artifacts> {
  const { lattice, env, log } = options
  const artifacts = new Artifacts({ rules: options.artifacts, cacheDir: options.artifactDir, env, log })
  if (!options.configService) return artifacts
  const labels = Object.fromEntries(host.labels)
  const given = await requestRegistryCredentials({ connection: host.connection, lattice, labels, log })
  artifacts.addCredentials(credentialsFrom(given))
  return artifacts
}
