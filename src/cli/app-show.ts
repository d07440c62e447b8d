import type { AppClient } from '../controller/api-client.ts'
import { WeftError } from '../errors.ts'
import { checkManifest } from '../manifest/check-manifest.ts'
import { diffManifests, type PartChange } from '../manifest/diff-manifests.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { CommandInput } from './command.ts'
import { printJson, printTable, wantsJson } from './output.ts'
import { readApp } from './read-app.ts'
import { paint, plain } from './terminal-text.ts'

/** `weft app list`. */
export async function list(input: CommandInput, apps: AppClient): Promise<number> {
  const found = await apps.list()
  if (wantsJson(input)) printJson(input, found)
  else if (found.length === 0) input.terminal.out('no applications\n')
  else {
    printTable(
      input,
      ['APPLICATION', 'VERSION', 'DEPLOYED', 'STATUS', 'DESCRIPTION'],
      found.map((app) => [
        app.name,
        app.version,
        app.deployedVersion ?? '-',
        app.status.status.type,
        app.description ?? '',
      ]),
    )
  }
  return 0
}

/** `weft app status NAME`: each part, and each host of a component or provider. */
export async function status(input: CommandInput, apps: AppClient, name: string): Promise<number> {
  const found = await apps.status(name)
  if (wantsJson(input)) {
    printJson(input, found)
    return 0
  }
  const { type, message } = found.status
  input.terminal.out(`${name} ${found.version}: ${type}${message === '' ? '' : `, ${plain(message)}`}\n`)
  printTable(
    input,
    ['PART', 'NAME', 'STATUS', 'WHY'],
    found.scalers.flatMap((one) => [
      [one.kind.replace('Scaler', '').toLowerCase(), one.name, one.status.type, one.status.message],
      ...(one.hosts ?? []).map((host) => ['', `  on ${host.name}`, host.status.type, host.status.message]),
    ]),
  )
  return 0
}

/** `weft app history NAME`: what was deployed when. */
export async function history(input: CommandInput, apps: AppClient, name: string): Promise<number> {
  const [deeds, versions] = await Promise.all([apps.history(name), apps.versions(name)])
  if (wantsJson(input)) {
    printJson(input, { name, versions, history: deeds })
    return 0
  }
  printTable(
    input,
    ['VERSION', 'DEPLOYED'],
    versions.map(({ version, deployed }) => [version, deployed ? 'now' : '-']),
  )
  if (deeds.length === 0) return 0
  input.terminal.out('\n')
  printTable(
    input,
    ['WHEN', 'WHAT', 'VERSION', 'BEFORE', 'WHY'],
    deeds.map(({ at, did, version, from, reason }) => [
      at.replace('T', ' ').replace(/\.\d+Z$/, 'Z'),
      did,
      version,
      from ?? '-',
      reason ?? '',
    ]),
  )
  return 0
}

/** `weft app diff FILE`, `weft app diff NAME [VERSION [VERSION]]`: what a deploy would change. */
export async function diff(input: CommandInput, apps: AppClient): Promise<number> {
  const [, subject = '', first, second] = input.args
  const { before, after } = isFile(subject)
    ? await deployedAndFile(apps, subject)
    : await twoVersions(apps, subject, { first, second })
  const changes = diffManifests(before, after)
  const from = before?.version
  if (wantsJson(input)) printJson(input, { name: after.name, from, to: after.version, changes })
  else if (changes.length === 0) input.terminal.out(`${after.name}: a deploy would change nothing\n`)
  else for (const change of changes) printChange(input, change)
  return 0
}

function isFile(text: string): boolean {
  return /[./]/.test(text)
}

interface Pair {
  readonly before: Manifest | undefined
  readonly after: Manifest
}

async function deployedAndFile(apps: AppClient, file: string): Promise<Pair> {
  const { manifest } = await readApp(file)
  const deployed = await deployedVersion(apps, manifest.name)
  const before = deployed === undefined ? undefined : await stored(apps, manifest.name, deployed)
  return { before, after: manifest }
}

async function twoVersions(
  apps: AppClient,
  name: string,
  { first, second }: { readonly first: string | undefined; readonly second: string | undefined },
): Promise<Pair> {
  const deployed = second === undefined ? await deployedVersion(apps, name) : first
  const to = second ?? first
  const before = deployed === undefined ? undefined : await stored(apps, name, deployed)
  return { before, after: await stored(apps, name, to) }
}

async function deployedVersion(apps: AppClient, name: string): Promise<string | undefined> {
  const versions = await apps.versions(name).catch((error: unknown) => {
    if (WeftError.from(error).code === 'not_found') return []
    throw error
  })
  return versions.find(({ deployed }) => deployed)?.version
}

async function stored(apps: AppClient, name: string, version: string | undefined): Promise<Manifest> {
  const { manifest } = checkManifest(JSON.stringify(await apps.get(name, version)))
  if (manifest) return manifest
  throw new WeftError('invalid', `${name} ${version ?? ''}: what is stored can't be read`)
}

const signs = { added: '+', removed: '-', changed: '~' } as const

function printChange({ terminal }: CommandInput, { part, name, change, fields }: PartChange): void {
  const style = change === 'removed' ? 'red' : 'cyan'
  terminal.out(`${paint(style, `${signs[change]} ${part} ${plain(name)}`, { color: terminal.isColour })}\n`)
  for (const { field, before, after } of fields) {
    const values = [before, after].flatMap((value) => (value === undefined ? [] : plain(value)))
    const shown =
      change === 'changed'
        ? `${before === undefined ? '(none)' : plain(before)} → ${after === undefined ? '(none)' : plain(after)}`
        : values.join()
    terminal.out(`    ${field}: ${shown}\n`)
  }
}
