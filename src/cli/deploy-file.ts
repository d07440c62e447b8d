import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createAppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import type { Manifest } from '../manifest/manifest.ts'
import { parseManifest } from '../manifest/parse-manifest.ts'
import { resolveReferences } from '../manifest/resolve-references.ts'
import type { Terminal } from './command.ts'

export interface DeployedFile {
  readonly name: string
  readonly state: string
  /** Where the application answers HTTP. */
  readonly urls: readonly string[]
}

export async function deployFile(options: {
  readonly connection: Parameters<typeof createAppClient>[0]['connection']
  readonly lattice: string
  readonly file: string
  readonly terminal: Terminal
}): Promise<DeployedFile> {
  const text = await readFile(options.file, 'utf8').catch((cause: unknown) => {
    throw new WeftError('invalid', `${options.file}: cannot be read`, { cause })
  })
  const manifest = resolveReferences(parseManifest(text, options.file), dirname(resolve(options.file)))
  const apps = createAppClient({ connection: options.connection, lattice: options.lattice, timeoutMs: 5000 })
  await apps.put(JSON.stringify(manifest.source))
  await apps.deploy(manifest.name)
  const end = Date.now() + 60_000
  for (;;) {
    const { status, scalers } = await apps.status(manifest.name)
    if (status.type === 'deployed' || status.type === 'failed' || Date.now() > end) {
      if (status.type !== 'deployed')
        options.terminal.err(`${JSON.stringify({ status, scalers }, null, 1)}\n`)
      return { name: manifest.name, state: status.type, urls: urlsOf(manifest) }
    }
    await delay(100)
  }
}

function urlsOf(manifest: Manifest): string[] {
  return manifest.components
    .flatMap((component) => component.links)
    .filter(
      (link) =>
        link.namespace === 'wasi' && link.package === 'http' && link.interfaces.includes('incoming-handler'),
    )
    .flatMap((link) => link.source.config.flatMap((config) => config.properties?.['address'] ?? []))
    .map((address) => `http://${address.replace(/^0\.0\.0\.0:/, '127.0.0.1:')}`)
}
