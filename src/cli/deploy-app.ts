import type { AppClient } from '../controller/api-client.ts'
import { urlsOf } from './app-urls.ts'
import type { Terminal } from './command.ts'
import { readApp } from './read-app.ts'
import { partLines, waitForApp } from './wait-for-app.ts'

export interface DeployedApp {
  readonly name: string
  readonly version: string
  /** The state that was reached: `deployed`, or what it hangs at. */
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
  const { name, version } = await apps.put(JSON.stringify(manifest.source))
  await apps.deploy(name, version)
  const status = await waitForApp({
    apps,
    name,
    timeoutMs,
    signal: terminal.signal,
    onChange: (line) => terminal.err(`  ${line}\n`),
  })
  const missing = partLines(status).filter((_, at) => status.scalers[at]?.status.type !== 'deployed')
  return { name, version, state: status.status.type, missing, urls: urlsOf(manifest) }
}
